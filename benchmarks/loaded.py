"""A drain while requests keep arriving over HTTP in bulk."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from threading import Thread

from sqlalchemy import text

from benchmarks.client import Answers, admin_token, post, send_at_rate
from benchmarks.drain import EACH, drain
from benchmarks.figure import Figure, Scale
from benchmarks.filling import put_requests
from benchmarks.processes import api, ring_apply, workers
from benchmarks.stage import Stage, stage

BULK = 100
PATH = "/v1/transition-requests"


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the rate and the worker CPU of a drain while requests arrive at half its rate for ten minutes."""
    apps = scale.of(10_000, 3_000)
    with stage(apps=2 * apps) as on:
        alone = median(drain(on, apps=apps)[0] for _ in range(scale.rounds))
        with api(on) as (_, port):
            found = _drain_beside_arrivals(on, port, apps, alone / 2, seconds=scale.of(600, 5))
    unit = "transitions/s"
    yield Figure("loaded: drain beside arrivals", found.a_second, unit, "the drain alone (goal: 0.6)", alone)
    yield Figure("loaded: drain in the last fifth of that", found.last_fifth, unit, "the first", found.first_fifth)
    yield Figure("loaded: worker CPU", found.cpu, "us/transition", "goal: at most", 110)


@dataclass(frozen=True, slots=True)
class _Drained:
    """Transitions per second, in all and in the first and last fifth, and worker CPU (us) per transition."""

    a_second: float
    first_fifth: float
    last_fifth: float
    cpu: float


def _drain_beside_arrivals(on: Stage, port: int, apps: int, rate: float, *, seconds: int) -> _Drained:
    """Keeps the workers busy with the first half of the Apps while requests for the second half arrive.

    Measures until the last request has arrived.
    """
    token = admin_token(on)
    lists = int(rate * seconds / BULK)

    def arrival(number: int) -> bytes:
        turn, first = divmod(number * BULK, apps)
        trigger = ("suspend", "reinstate")[turn % 2]
        body = [
            {"app": f"app-{apps + first + one + 1}", "trigger": trigger, "reasons": [{"text": "bench"}]}
            for one in range(BULK)
        ]
        return post(PATH, token, json.dumps(body))

    made = [arrival(number) for number in range(lists)]
    answers: list[Answers] = []
    arriving = Thread(
        target=lambda: answers.append(
            asyncio.run(send_at_rate(port, made.__getitem__, a_second=rate / BULK, seconds=lists * BULK / rate))
        )
    )
    put_requests(on.engine, EACH * max(1, int(2 * rate * seconds / EACH / apps)), apps=apps)
    on.settle()
    with workers(on) as started:
        ring_apply(on)
        since, before = on.moment(), started.cpu_seconds()
        arriving.start()
        arriving.join()
        ended, used = on.moment(), started.cpu_seconds() - before
    assert not answers[0].refused
    with on.engine.connect() as connection:
        applied, first, last = connection.execute(_APPLIED, {"since": since, "ended": ended}).one()
    lasted = (ended - since).total_seconds()
    return _Drained(applied / lasted, first / lasted * 5, last / lasted * 5, used / applied * 1e6)


_APPLIED = text("""
    WITH fifth AS (SELECT (CAST(:ended AS timestamptz) - CAST(:since AS timestamptz)) / 5 AS long)
    SELECT count(*), count(*) FILTER (WHERE at < CAST(:since AS timestamptz) + long),
           count(*) FILTER (WHERE at >= CAST(:ended AS timestamptz) - long)
      FROM transition, fifth WHERE at >= :since AND at < :ended
""")
