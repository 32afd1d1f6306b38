"""Looks at what is public that are all due at once: how they are spread, and a drain beside them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from statistics import median
from threading import Event, Thread

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.drain import drain
from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.filling import put
from benchmarks.processes import ring_apply, until, workers
from benchmarks.stage import Stage, stage
from workflow.lifecycle.looks import HEADROOM, end_decided_looks, request_due_looks
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind

MINUTE = timedelta(minutes=1)
HEALTH_DAYS = 1
"""The days between two looks here: with the 30 of the policy, the looks of a run would be too few to be seen."""
RUNS_BETWEEN_ENDS = 50
LEASES = 50


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the rate of a drain while looks are requested once a second, sixty times as often as in an installation.

    Then it has all looks requested, applied and cleared, and counts the runs: minutes of an installation.
    """
    drained, looks = scale.of(10_000, 2_000), scale.of(100_000, 5_000)
    with stage(apps=drained + looks) as on:
        put(on.engine, _POLICY, days=HEALTH_DAYS)
        put(on.engine, _ALL_DUE, drained=drained)
        on.settle()
        engine = create_engine(on.url)
        runs_beside = list[int]()

        def beside() -> float:
            with _looking(on, engine, runs_beside):
                return drain(on, apps=drained)[0]

        rates = in_turn({"alone": lambda: drain(on, apps=drained)[0], "beside": beside}, scale.rounds)
        took, runs = _spread(on, engine)
        leased = _milliseconds_to_lease(on, engine)
        engine.dispose()
    name = f"looks: {looks:,} due at once, "
    goal = "the drain alone (goal: at least 0.9)"
    yield Figure(name + "a drain beside them", rates["beside"], "transitions/s", goal, rates["alone"])
    minutes_taken = runs + len(runs_beside)
    minutes = HEALTH_DAYS * 24 * 60 / HEADROOM
    yield Figure(name + "spread over", minutes_taken, "minutes", "the time between two looks, by the headroom", minutes)
    yield Figure(name + "a run that requests some", took, "ms", "goal: under", 100)
    among = f"looks: a step of a submission is leased among {looks:,} of looks"
    yield Figure(among, leased, "ms", "goal: under", 20)


@contextmanager
def _looking(on: Stage, engine: Engine, runs: list[int]) -> Iterator[None]:
    """Requests due looks once a second until the block ends, and adds what each run requested to `runs`."""
    ended = Event()

    def look() -> None:
        while not ended.wait(1):
            runs.append(_request(on, engine))

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _request(on: Stage, engine: Engine) -> int:
    return request_due_looks(sessionmaker(engine).begin, on.moment(), partial(ring_apply, on), every=MINUTE)


def _spread(on: Stage, engine: Engine) -> tuple[float, int]:
    """Has all due looks requested, applied and cleared. Returns the time of a run (ms), and how many it took."""
    took, more = list[float](), True
    with workers(on):
        while more:
            for _ in range(RUNS_BETWEEN_ENDS):
                began = time.perf_counter()
                more = _request(on, engine) > 0
                took.append((time.perf_counter() - began) * 1e3)
                if not more:
                    break
            _end(on, engine)
    assert on.number("SELECT count(*) FROM review WHERE kind = 'health' AND outcome IS DISTINCT FROM 'cleared'") == 0
    return median(took), len(took)


def _end(on: Stage, engine: Engine) -> None:
    """Has the steps of all open looks passed, and these looks cleared."""
    until(on.is_drained, "the looks")
    put(on.engine, _PASSED)
    count = 1
    while count:
        with Session(engine) as session, session.begin():
            count = end_decided_looks(session, load_policies(session), AppRulebook())
        ring_apply(on)
    until(on.is_drained, "the ends of the looks")


def _milliseconds_to_lease(on: Stage, engine: Engine) -> float:
    put(on.engine, _BULK_AGAIN, _ONE_URGENT)
    on.settle()
    took = []
    with Session(engine) as session:
        for _ in range(LEASES):
            began = time.perf_counter()
            (lease,) = hand_out(session, DueKind.REVIEW_STEP, room=1).leases
            took.append((time.perf_counter() - began) * 1e3)
            assert lease.is_urgent
            session.rollback()
    return median(took)


_POLICY = """
    INSERT INTO policy_version (version, document, note, published_by)
    SELECT version + 1, document || jsonb_build_object('health_days', CAST(:days AS integer)), 'bench', published_by
      FROM policy_version ORDER BY version DESC LIMIT 1
"""
_ALL_DUE = """
    UPDATE app SET looked_at = now() - interval '31 days' WHERE CAST(substr(slug, 5) AS integer) > :drained
"""
_PASSED = """
    UPDATE review_step SET state = 'passed', status = 'done', decided_at = now()
     WHERE state = 'pending' AND review_id IN (SELECT id FROM review WHERE kind = 'health' AND closed_at IS NULL)
"""
_BULK_AGAIN = """
    UPDATE review_step SET state = 'pending', status = 'due', decided_at = NULL, urgency = 1
     WHERE id IN (SELECT DISTINCT ON (s.review_id) s.id FROM review_step s JOIN review r ON r.id = s.review_id
                   WHERE r.kind = 'health')
"""
_ONE_URGENT = """
    UPDATE review_step SET state = 'pending', status = 'due', decided_at = NULL, urgency = 0
     WHERE id = (SELECT s.id FROM review_step s JOIN review r ON r.id = s.review_id WHERE r.kind = 'first' LIMIT 1)
"""
