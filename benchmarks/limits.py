"""What a transition takes of each part, by which the part that is full first is known; and what partitioning costs."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

import psutil
import redis
from sqlalchemy import text

from benchmarks.drain import EACH, apply_all, drain
from benchmarks.figure import Figure, Scale
from benchmarks.partitioning import partition_log
from benchmarks.references.one_at_a_time import apply_one_at_a_time
from benchmarks.references.peers import run_peer
from benchmarks.stage import Stage, ask, stage

PARTS, CLIENTS = 16, 8
HISTORY = ("transition", "transition_reason")
OUTCOME = ("transition_request", "notification", "apply_batch")


@dataclass(frozen=True, slots=True)
class Used:
    """What so many transitions took, each: CPU in us, write-ahead log and disk in bytes, commands of Redis."""

    postgres_cpu: float
    wal: float
    history: float
    outcome: float
    redis: float


def measure(scale: Scale) -> Iterator[Figure]:
    """Gives what one transition takes beside the same done one at a time, and a drain with the log in partitions."""
    apps, single = scale.of(10_000, 3_000), scale.of(10_000, 2_000)
    worker_cpu: list[float] = []
    with stage(apps=apps) as on:
        drain(on, apps=apps)
        asked = ask(on, EACH, apps=apps)
        ours = _used(on, asked, lambda: worker_cpu.append(apply_all(on, asked)[1]))
        ask(on, 1, apps=single)
        alone = _used(on, single, lambda: apply_one_at_a_time(on, CLIENTS, requests=single))
        message = _used(on, single // 4, lambda: run_peer(on, "raw_actor", requests=single // 4))
        whole = [drain(on, apps=apps)[0] for _ in range(scale.rounds)]
        partition_log(on.engine, PARTS)
        on.settle()
        parts = [drain(on, apps=apps)[0] for _ in range(scale.rounds)]
    one = f"pgbench, one a transaction, {CLIENTS} clients"
    yield Figure("limits: Postgres CPU", ours.postgres_cpu, "us/transition", one, alone.postgres_cpu)
    yield Figure("limits: worker CPU", worker_cpu[0], "us/transition", "Postgres CPU", ours.postgres_cpu)
    yield Figure("limits: write-ahead log", ours.wal, "bytes/transition", one, alone.wal)
    yield Figure("limits: disk, the log and its reasons", ours.history, "bytes/transition", one, alone.history)
    yield Figure("limits: disk, requests and notifications", ours.outcome, "bytes/transition", one, alone.outcome)
    yield Figure("limits: commands of Redis", ours.redis, "a transition", "Dramatiq, one message each", message.redis)
    name = f"limits: drain with the log in {PARTS} partitions by App"
    yield Figure(name, median(parts), "transitions/s", "with the log in one table", median(whole))


def _used(on: Stage, transitions: int, work: Callable[[], Any]) -> Used:
    """Gives what `work` took for each of so many transitions."""
    before = _counted(on)
    work()
    after = _counted(on)
    return Used(*((after[name] - before[name]) / transitions for name in Used.__slots__))


def _counted(on: Stage) -> dict[str, float]:
    with redis.Redis.from_url(on.redis_url) as client:
        commands = cast("dict[str, Any]", client.info("stats"))["total_commands_processed"]
    return {
        "postgres_cpu": _postgres_cpu(on) * 1e6,
        "wal": on.number("SELECT pg_current_wal_insert_lsn() - '0/0'"),
        "history": _bytes(on, HISTORY),
        "outcome": _bytes(on, OUTCOME),
        "redis": float(commands),
    }


def _postgres_cpu(on: Stage) -> float:
    """Gives the CPU seconds of the server, its processes that have ended included."""
    postmaster = psutil.Process(on.postgres_pid())
    while True:
        with suppress(psutil.NoSuchProcess):  # one ended meanwhile, and counts among those now
            living = sum(sum(one.cpu_times()[:2]) for one in postmaster.children())
            return living + sum(postmaster.cpu_times()[:4])


def _bytes(on: Stage, tables: tuple[str, ...]) -> float:
    with on.engine.connect() as connection:
        sizes = text("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(CAST(:tables AS text[])) AS name")
        return float(connection.execute(sizes, {"tables": list(tables)}).scalar_one())
