"""The actor of scheduled jobs, which runs one tick."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text

from models import JobTick
from workers.context import WorkerContext, database_now
from workers.jobs import JOBS, Job
from workers.leasing.work import LeasedWork
from workflow.work.bells import Bell
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease, finish_due_row

_VOID_OVERTAKEN = text("""
    WITH taken AS (
        SELECT t.job, max(newer.tick_at) AS newest
          FROM job_tick t JOIN job_tick newer ON newer.job = t.job AND newer.status = 'due' AND newer.due_at <= :now
         WHERE t.id = :id GROUP BY t.job
    ), voided AS (
        UPDATE job_tick old SET status = 'void', finished_at = :now, leased_until = NULL
          FROM taken WHERE old.job = taken.job AND old.status = 'due' AND old.tick_at < taken.newest
        RETURNING old.id, old.attempts, old.last_error
    ), failed AS (
        SELECT max(attempts - CASE WHEN id = :id THEN 1 ELSE 0 END) AS attempts, max(last_error) AS last_error
          FROM voided WHERE last_error IS NOT NULL
    )
    UPDATE job_tick newest SET attempts = greatest(newest.attempts, failed.attempts), last_error = failed.last_error
      FROM taken, failed
     WHERE newest.job = taken.job AND newest.tick_at = taken.newest AND failed.attempts > 0 AND newest.id <> :id
""")
"""Failed tries count on in the newest firing: a job that fails each time ends dead, and is seen."""


def run_job(context: WorkerContext, lease: Lease) -> bool:
    """Runs a tick. The tick and its work are one transaction, which it commits, unless the job works in steps.

    Of several due ticks of a job only the newest runs, and the older ones are voided: one run catches up, and an outage
    of the workers can leave thousands of ticks. Returns False for a tick that is void or has been leased again.
    """
    with context.unit_of_work() as session:
        session.execute(_VOID_OVERTAKEN, {"id": lease.id, "now": database_now(session)})
    bells: list[Bell] = []
    with context.unit_of_work() as session:
        now = database_now(session)
        tick = session.get_one(JobTick, lease.id, with_for_update=True)
        if tick.status != "due" or tick.leased_until != lease.until:
            return False
        job = JOBS.get(tick.job)
        if job is not None and job.in_steps:
            session.rollback()  # the steps have transactions of their own, and none of them should keep this one idle
            return _run_in_steps(context, lease, job, now)
        if job is not None:
            job.run(session, replace(context, ring=lambda *rung: bells.extend(rung)), now)
        tick.status, tick.finished_at, tick.leased_until = ("done" if job else "void"), now, None
    if bells:
        context.ring(*bells)
    return job is not None


def _run_in_steps(context: WorkerContext, lease: Lease, job: Job, now: datetime) -> bool:
    with context.autocommit() as session:
        job.run(session, context, now)
    with context.unit_of_work() as session:
        return finish_due_row(session, lease, also_set="finished_at = clock_timestamp()")


JOB_TICKS = LeasedWork(DueKind.JOB_TICK, "run_job", run_job)
