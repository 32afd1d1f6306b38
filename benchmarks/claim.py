"""The database time of a claim, planning included, as the number of finished requests grows."""

from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from benchmarks.database_time import milliseconds_in_database
from benchmarks.figure import Figure, Scale
from benchmarks.filling import add_finished_requests, put_requests
from benchmarks.stage import Stage, stage
from workflow.lifecycle.claim import claim_due_apps, due_requests

LOOKS, BATCH = 25, 500


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the time of a claim of 500 due requests, in a table with many finished requests and in one with none."""
    apps = scale.of(10_000, 5_000)
    with stage(apps=apps) as on:
        put_requests(on.engine, 1, apps=apps)
        on.settle()
        none, there = _milliseconds(on), 0
        for finished in (20_000, scale.of(200_000, 50_000), scale.of(2_000_000, 100_000)):
            add_finished_requests(on.engine, finished - there)
            on.settle()
            there = finished
            name = f"claim beside {finished:,} finished requests, in the database"
            yield Figure(name, _milliseconds(on), "ms", "beside none", none)


def _milliseconds(on: Stage) -> float:
    engine = create_engine(on.url)

    def claim(session: Session) -> None:
        claim_due_apps(session, limit=BATCH)
        assert len(list(due_requests(session, limit=BATCH))) == BATCH

    with Session(engine) as session:
        took = milliseconds_in_database(engine, session, claim, looks=LOOKS)
    engine.dispose()
    return took
