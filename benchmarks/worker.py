"""One worker process: how soon it starts to work, and its memory after very many transitions."""

import time
from collections.abc import Iterator

import redis

from benchmarks.figure import Figure, Scale
from benchmarks.filling import put_requests
from benchmarks.processes import ring_apply, starting_workers, until, workers
from benchmarks.stage import Stage, ask, stage

ROUNDS = 5


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the seconds from start to first transition, and the memory (MB) after the first and the last fifth."""
    apps, transitions = scale.of(10_000, 4_000), scale.of(1_000_000, 20_000)
    with stage(apps=apps) as on:
        yield Figure("worker: start to first transition", _seconds_to_first(on), "s", "goal: under", 2)
        megabytes = _megabytes(on, apps, transitions // ROUNDS)
        yield Figure(f"worker: memory after {transitions:,} transitions", megabytes[-1], "MB", "goal: under", 150)
        yield Figure("worker: memory after the last fifth", megabytes[-1], "MB", "after the first fifth", megabytes[0])


def _seconds_to_first(on: Stage) -> float:
    ask(on, 1, apps=1)
    with redis.Redis.from_url(on.redis_url) as client:
        client.flushdb()
    ring_apply(on)
    began = time.perf_counter()
    with starting_workers(on, processes=1):
        until(on.is_drained, "the first transition")
        return time.perf_counter() - began


def _megabytes(on: Stage, apps: int, each_round: int) -> list[float]:
    found = []
    with workers(on, processes=1) as started:
        for _ in range(ROUNDS):
            put_requests(on.engine, each_round // apps, apps=apps)
            ring_apply(on)
            until(on.is_drained, "the drain", seconds=300)
            found.append(max(started.megabytes()))
    return found
