"""The resources of each part of an installation that a transition uses, which shows what is exhausted first."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from statistics import median
from typing import Any, cast

import psutil
import redis
from sqlalchemy import text

from benchmarks.drain import apply_all
from benchmarks.figure import Figure, Scale
from benchmarks.references.one_at_a_time import apply_one_at_a_time
from benchmarks.references.peers import run_peer
from benchmarks.stage import Stage, ask, stage

CLIENTS = 8
"""The clients of pgbench, about as many as make it fastest. Their number hardly affects the cost per transition."""
HISTORY = ("transition", "transition_reason")


@dataclass(frozen=True, slots=True)
class Resources:
    """Used resources: CPU in us, write-ahead log and disk in bytes, and the number of Redis commands."""

    postgres_cpu: float
    wal: float
    history: float
    notifications: float
    redis: float


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the resources per transition, beside the same transitions made one at a time."""
    apps = scale.of(10_000, 2_000)
    messages = apps // 4
    worker_cpu: list[float] = []
    with stage(apps=apps) as on:

        def devcenter() -> Resources:
            ask(on, 1, apps=apps)
            return _used(on, apps, lambda: worker_cpu.append(apply_all(on, apps)[1]))

        def one_at_a_time() -> Resources:
            ask(on, 1, apps=apps)
            return _used(on, apps, lambda: apply_one_at_a_time(on, CLIENTS, requests=apps))

        rounds = [(devcenter(), one_at_a_time()) for _ in range(scale.rounds)]
        ours, alone = (_median([pair[side] for pair in rounds]) for side in (0, 1))
        message = _used(on, messages, lambda: run_peer(on, "raw_actor", requests=messages))
        request = on.number("SELECT pg_total_relation_size('transition_request')::float / count(*)"
                            " FROM transition_request")  # fmt: skip
    one = f"pgbench, one a transaction, {CLIENTS} clients"
    yield Figure("resources: Postgres CPU", ours.postgres_cpu, "us/transition", one, alone.postgres_cpu)
    yield Figure("resources: worker CPU", median(worker_cpu), "us/transition", "goal: at most", 110)
    yield Figure("resources: write-ahead log", ours.wal, "bytes/transition", one, alone.wal)
    yield Figure("resources: disk, the log and its reasons", ours.history, "bytes/transition", one, alone.history)
    yield Figure("resources: disk, notifications", ours.notifications, "bytes/transition", one, alone.notifications)
    yield Figure("resources: disk, requests", request, "bytes/request", "a row of the log", ours.history)
    what = "Dramatiq, one message a transition"
    yield Figure("resources: commands of Redis", ours.redis, "commands/transition", what, message.redis)


def _used(on: Stage, transitions: int, work: Callable[[], object]) -> Resources:
    """Returns the resources that `work` used per transition."""
    before = _so_far(on)
    work()
    pairs = zip(astuple(_so_far(on)), astuple(before), strict=True)
    return Resources(*((after - earlier) / transitions for after, earlier in pairs))


def _median(found: list[Resources]) -> Resources:
    return Resources(*(median(values) for values in zip(*map(astuple, found), strict=True)))


def _so_far(on: Stage) -> Resources:
    with redis.Redis.from_url(on.redis_url) as client:
        commands = cast("dict[str, Any]", client.info("stats"))["total_commands_processed"]
    return Resources(
        postgres_cpu=_postgres_cpu(on) * 1e6,
        wal=on.number("SELECT pg_current_wal_insert_lsn() - '0/0'"),
        history=_bytes(on, *HISTORY),
        notifications=_bytes(on, "notification"),
        redis=float(commands),
    )


def _postgres_cpu(on: Stage) -> float:
    """Returns the CPU seconds of the server, including its processes that have ended."""
    postmaster = psutil.Process(on.postgres_pid())
    while True:
        children = postmaster.children()
        try:
            living = sum(sum(one.cpu_times()[:2]) for one in children)
        except psutil.NoSuchProcess:
            continue  # it has ended meanwhile, and is counted as such from now on
        return living + sum(postmaster.cpu_times()[:4])


def _bytes(on: Stage, *tables: str) -> float:
    with on.engine.connect() as connection:
        sizes = text("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(CAST(:tables AS text[])) AS name")
        return float(connection.execute(sizes, {"tables": list(tables)}).scalar_one())
