"""Looks at what is public, by the service's own jobs, steps, judging and mails, one after the other."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from models import JobTick
from models.base import new_id
from tests.journeys import judge
from tests.workers.leased import work_off
from tests.workers.sites import Site, site
from workers.actors.jobs import JOB_TICKS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext

GOOD = site("<p>Acme works with Segment.</p>")
GONE = site("", status=404)


def set_policy(context: WorkerContext, **parts: Any) -> None:
    """Publishes the current policy with other parts. Commits."""
    with context.unit_of_work() as session:
        session.execute(
            text("""
                INSERT INTO policy_version (version, document, note, published_by)
                SELECT version + 1, document || CAST(:parts AS jsonb), 'test', published_by
                  FROM policy_version ORDER BY version DESC LIMIT 1
            """),
            {"parts": json.dumps(parts)},
        )


def run_job(context: WorkerContext, *jobs: str) -> None:
    """Fires jobs and runs them, in this order. Commits."""
    for job in jobs:
        with context.unit_of_work() as session:
            now = session.execute(text("SELECT clock_timestamp()")).scalar_one()
            session.add(JobTick(id=new_id(), job=job, tick_at=now, due_at=now, lane=job))
        assert work_off(context, JOB_TICKS) == 1
    assert not values(context, "SELECT job, last_error FROM job_tick WHERE status <> 'done'")


def pass_time(context: WorkerContext, time: timedelta) -> None:
    """Makes everything about looks and grace older by `time`. Commits."""
    with context.unit_of_work() as session:
        for table, columns in (
            ("app", ("looked_at",)),
            (
                "grace_period",
                ("flagged_at", "began_at", "ends_at", "reminded_at", "asked_at", "notice_due_at", "look_due_at"),
            ),
        ):
            moved = ", ".join(f"{column} = {column} - CAST(:time AS interval)" for column in columns)
            session.execute(text(f"UPDATE {table} SET {moved}"), {"time": time})


def look(context: WorkerContext, page: Site) -> None:
    """Has the service look at what is due, and finds `page` wherever it looks. Commits."""
    run_job(context, "request_due_looks")
    judge(context.engine)
    work_off(replace(context, http=page), REVIEW_STEPS)
    judge(context.engine)


def look_again(context: WorkerContext, page: Site) -> None:
    """Looks a day later, as it is done while a company has time to mend. Commits."""
    pass_time(context, timedelta(days=1))
    look(context, page)


def log_of(context: WorkerContext, app_id: UUID) -> list[str]:
    """Returns the triggers of the App's log behind its launch."""
    return [
        trigger
        for (trigger,) in values(context, f"SELECT trigger FROM transition WHERE app_id = '{app_id}' ORDER BY version")
    ][3:]


def values(context: WorkerContext, statement: str) -> Sequence[tuple[Any, ...]]:
    """Returns the rows of a query."""
    with context.unit_of_work() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def clock_of(context: WorkerContext) -> tuple[datetime | None, datetime | None]:
    """Returns when the only open grace period began, and when it ends."""
    ((began_at, ends_at),) = values(context, "SELECT began_at, ends_at FROM grace_period WHERE ended_at IS NULL")
    return began_at, ends_at
