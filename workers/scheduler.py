"""The scheduler: writes a row for each tick of each job. Any number may run: a unique key lets each tick fire once."""

import threading
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.base import new_id
from workers.context import WorkerContext, database_now
from workers.jobs import JOBS, Job
from workflow.outages import Outage
from workflow.work.bells import Bell

_FIRE = text("""
    INSERT INTO job_tick (id, job, tick_at, due_at, lane)
    VALUES (:id, CAST(:job AS text), :tick_at, :now, CAST(:job AS text))
    ON CONFLICT ON CONSTRAINT job_tick_once_key DO NOTHING RETURNING id
""")


def fire_due_ticks(session: Session, context: WorkerContext, jobs: Iterable[Job] = tuple(JOBS.values())) -> list[str]:
    """Fires every job whose latest tick has not fired yet, and returns the jobs' names. Does not commit.

    After an outage only the latest missed tick fires, because one run of a job catches up.
    """
    now = database_now(session)
    fired = []
    for job in jobs:
        context.reached("scheduler_tick")
        row = {"id": new_id(), "job": job.name, "tick_at": job.tick_at(now), "now": now}
        if session.scalar(_FIRE, row) is not None:
            fired.append(job.name)
    return fired


def run_scheduler(context: WorkerContext, stop: threading.Event, *, every_seconds: float = 1.0) -> None:
    """Fires ticks until `stop` is set, with a pause of `every_seconds`. Survives outages of the database. Commits."""
    outage = Outage("the database", "the scheduler")
    while not stop.is_set():
        try:
            with context.unit_of_work() as session:
                fired = fire_due_ticks(session, context)
            if fired:
                context.ring(Bell.JOBS)
            outage.works()
        except SQLAlchemyError as error:
            outage.failed(error)
        stop.wait(every_seconds)
