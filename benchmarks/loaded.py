"""A drain while requests keep arriving over HTTP in bulk, and claims beside millions of finished requests."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from benchmarks.client import Answers, admin_token, post, send_at_rate
from benchmarks.database_time import milliseconds_in_database
from benchmarks.drain import EACH, drain
from benchmarks.figure import Figure, Scale
from benchmarks.filling import add_finished_requests, put_requests
from benchmarks.processes import api, ring_apply, until, workers
from benchmarks.stage import Stage, stage
from workflow.claim import due_requests, lock_due_apps

BULK, LOOKS, BATCH = 100, 25, 500
PATH = "/v1/transition-requests"


def measure(scale: Scale) -> Iterator[Figure]:
    """Gives the rate beside arrivals at half the drain's rate, over ten minutes, worker CPU, and the time of a claim
    before and after."""
    apps = scale.of(10_000, 3_000)
    with stage(apps=2 * apps) as on:
        alone, _ = drain(on, apps=apps)
        with api(on) as (_, port):
            found = _drain_beside_arrivals(on, port, apps, alone / 2, seconds=scale.of(600, 3))
        loaded, unit = found.a_second, "transitions/s"
        yield Figure("loaded: drain beside arrivals", loaded, unit, "the drain alone (goal: 0.6)", alone)
        yield Figure("loaded: drain in the last fifth of that", found.last_fifth, unit, "the first", found.first_fifth)
        yield Figure("loaded: transitions in that", found.applied, "transitions", "goal: at least", 2_000_000)
        yield Figure("loaded: worker CPU", found.cpu, "us/transition", "goal: at most", 110)
        put_requests(on.engine, 1, apps=apps)
        on.settle()
        before, there = _claim_ms(on), 0
        for finished in (scale.of(20_000, 6_000), scale.of(200_000, 20_000), scale.of(2_000_000, 60_000)):
            add_finished_requests(on.engine, finished - there)
            on.settle()
            there = finished
            name = f"loaded: claim beside {finished:,} finished requests, in the database"
            yield Figure(name, _claim_ms(on), "ms", "before they were there (goal: at most 1.3 x)", before)


@dataclass(frozen=True, slots=True)
class _Drained:
    """Transitions a second, over all and at the ends, how many there were, and worker CPU (us) for each."""

    a_second: float
    first_fifth: float
    last_fifth: float
    applied: float
    cpu: float


def _drain_beside_arrivals(on: Stage, port: int, apps: int, rate: float, *, seconds: int) -> _Drained:
    """Keeps the workers busy on the first half of the Apps while requests for the second arrive."""
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
    put_requests(on.engine, EACH * max(1, int(rate * seconds / EACH / apps)), apps=apps)
    on.settle()
    since = on.moment()
    with workers(on) as started:
        before = started.cpu_seconds()
        ring_apply(on)
        arriving.start()
        arriving.join()
        until(on.is_drained, "the drain", seconds=600)
        used = started.cpu_seconds() - before
    assert not answers[0].refused
    with on.engine.connect() as connection:
        first, last = connection.execute(_ENDS, {"since": since}).one()
    applied = on.number(f"SELECT count(*) FROM transition WHERE at >= '{since.isoformat()}'")
    return _Drained(on.applied_a_second(since), first, last, applied, used / applied * 1e6)


_ENDS = text("""
    WITH span AS (SELECT min(at) AS began, max(at) - min(at) AS lasted FROM transition WHERE at >= :since)
    SELECT (count(*) FILTER (WHERE at < began + lasted / 5) / extract(epoch FROM max(lasted) / 5))::float,
           (count(*) FILTER (WHERE at >= began + lasted * 0.8) / extract(epoch FROM max(lasted) / 5))::float
      FROM transition, span WHERE at >= :since
""")


def _claim_ms(on: Stage) -> float:
    engine = create_engine(on.url)
    now = on.moment()

    def claim(session: Session) -> None:
        assert len(due_requests(session, lock_due_apps(session, now, limit=BATCH), now, limit=BATCH)) == BATCH

    with Session(engine) as session:
        took = milliseconds_in_database(engine, session, claim, looks=LOOKS)
    engine.dispose()
    return took
