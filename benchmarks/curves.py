"""Cost as a function of load: batches of 1 to 1,000 requests, and 10 to 1,000 requests a second over HTTP."""

from collections.abc import Iterator
from functools import partial
from statistics import median

from benchmarks.client import admin_token
from benchmarks.drain import drain
from benchmarks.figure import Figure, Scale, in_turn, percentile
from benchmarks.latency import APPS, latencies_at
from benchmarks.processes import api, workers
from benchmarks.stage import stage

BATCHES = (1, 10, 50, 100, 250, 500, 1_000)
RATES = {10: 1, 50: 1, 100: 1, 200: 1, 500: 20, 1_000: 20}
"""Requests per second, and the number of requests in each call."""


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns rate and worker CPU by batch size, and latency and worker CPU by arrival rate."""
    yield from _by_batch(scale)
    yield from _by_rate(scale)


def _by_batch(scale: Scale) -> Iterator[Figure]:
    most, least = scale.of(4_000, 1_000), scale.of(200, 40)
    sizes = BATCHES[:: scale.of(1, 3)]
    cpu: dict[int, list[float]] = {size: [] for size in sizes}

    def rate(size: int) -> float:
        found, cost = drain(on, apps=min(most, least * size), DEVCENTER_BATCH_SIZE=str(size))
        cpu[size].append(cost)
        return found

    with stage(apps=most) as on:
        rates = in_turn({str(size): partial(rate, size) for size in sizes}, scale.rounds)
    for size in sizes:
        cost, first = median(cpu[size]), median(cpu[1])
        yield Figure(f"curve: batches of {size}, rate", rates[str(size)], "transitions/s", "batches of 1", rates["1"])
        yield Figure(f"curve: batches of {size}, worker CPU", cost, "us/transition", "batches of 1", first)


def _by_rate(scale: Scale) -> Iterator[Figure]:
    seconds = scale.of(10, 2)
    with stage(apps=APPS) as on, workers(on) as started, api(on) as (_, port):
        token = admin_token(on)
        latencies_at(on, port, token, 20, 2)
        for rate, together in list(RATES.items())[:: scale.of(1, 3)]:
            before = started.cpu_seconds()
            found, refused = latencies_at(on, port, token, rate, seconds, together=together)
            cpu = (started.cpu_seconds() - before) / len(found) * 1e6
            yield Figure(f"curve: {rate} a second, p50", percentile(found, 50), "ms", "goal: under", 5)
            yield Figure(f"curve: {rate} a second, p99", percentile(found, 99), "ms", "goal: under", 12)
            yield Figure(f"curve: {rate} a second, worker CPU", cpu, "us/transition", "goal: at most", 110)
            calls = rate * seconds // together
            yield Figure(f"curve: {rate} a second, refused for overload", refused, "calls", "sent", calls)
