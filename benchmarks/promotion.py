"""The sweep for promotion: finds the eligible among very many Apps, requests their promotion, and applies it."""

import time
from collections.abc import Iterator
from functools import partial
from statistics import median

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.figure import Figure, Scale
from benchmarks.filling import add_apps, put
from benchmarks.processes import ring_apply, until, workers
from benchmarks.stage import Stage, stage
from runtime.garbage import exempt_what_exists
from workflow.catalog.listing import mend_catalog
from workflow.lifecycle.promotion import promote_eligible_apps, promotion_candidates
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies

LOOKS = 50


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the time to find the eligible Apps among many Apps and among four times as many, and to promote them.

    Garbage collection is set up as in a worker, because workers run the sweep.
    """
    exempt_what_exists()
    eligible, apps = scale.of(10_000, 1_000), scale.of(1_000_000, 30_000)
    with stage(apps=eligible) as on:
        put(on.engine, "UPDATE app SET onboarded_customers = 3, oauth_installed = true")
        with Session(on.engine) as session, session.begin():
            mend_catalog(session, on.moment(), limit=eligible)
        _grow(on, eligible, apps)
        few = _seconds_to_find(on, eligible) * 1e3
        _grow(on, apps, 4 * apps)
        many = _seconds_to_find(on, eligible) * 1e3
        took = _seconds_to_promote(on, eligible)
    name = f"promotion: {eligible:,} eligible among {{:,}} Apps, "
    yield Figure(name.format(apps) + "found", few, "ms", "goal: under", 20)
    yield Figure(name.format(4 * apps) + "found", many, "ms", f"among {apps:,} (goal: at most 1.3 x)", few)
    yield Figure(name.format(4 * apps) + "all public", took, "s", "goal: under", 1)


def _grow(on: Stage, there: int, wanted: int) -> None:
    """Adds Apps that each fail one of the rules."""
    half = (there + wanted) // 2
    add_apps(on.engine, there + 1, half, customers=2, oauth_installed=True)
    add_apps(on.engine, half + 1, wanted, customers=5)
    on.settle()


def _seconds_to_find(on: Stage, eligible: int) -> float:
    took = []
    engine = create_engine(on.url)
    with Session(engine) as session:
        policies = load_policies(session)
        for _ in range(LOOKS):
            began = time.perf_counter()
            found = promotion_candidates(session, policies, limit=10 * eligible)
            took.append(time.perf_counter() - began)
            assert len(found) == eligible
    engine.dispose()
    return median(took)


def _seconds_to_promote(on: Stage, eligible: int) -> float:
    engine = create_engine(on.url)
    with workers(on):
        began = time.perf_counter()
        promote_eligible_apps(sessionmaker(engine).begin, AppRulebook(), partial(ring_apply, on))
        until(on.is_drained, "the promotion")
        took = time.perf_counter() - began
    assert on.number("SELECT count(*) FROM app WHERE state = 'public'") == eligible
    engine.dispose()
    return took
