"""Whether the work is done: by workers, at the scheduler's ticks, and without rows that ended dead."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.doctor.check import Check
from workers.jobs import JOBS
from workflow.operating.backlog import Backlog, measure_backlog

LATE_SECONDS = 60
"""Due work that is older says that nobody does it, or not fast enough."""
_LATEST_TICK = text("SELECT extract(epoch FROM clock_timestamp() - max(created_at)) FROM job_tick")


def check_scheduler(session: Session) -> Check:
    """Checks when a job was fired last."""
    age = session.scalar(_LATEST_TICK)
    often = min(job.every.total_seconds() for job in JOBS.values())
    start = "Start `devcenter scheduler`; one is enough, and a second one is a spare."
    if age is None:
        return Check("scheduler", "no job was ever fired", start)
    if age > LATE_SECONDS + often:
        return Check("scheduler", f"no job was fired for {int(age)} seconds", start)
    return Check("scheduler", f"a job was fired {max(0, int(age))} seconds ago")


def check_backlog(session: Session) -> Check:
    """Checks how long work has been due."""
    backlog = measure_backlog(session)
    waiting = {kind: one for kind, one in backlog.kinds.items() if one.oldest_seconds > LATE_SECONDS}
    if not waiting:
        return Check("workers", f"{sum(one.due for one in backlog.kinds.values())} rows are due, none of them late")
    late = ", ".join(f"{one.due} of {kind}, the oldest {int(one.oldest_seconds)} s" for kind, one in waiting.items())
    return Check(
        "workers",
        f"work waits: {late}",
        "Start `devcenter worker`, or more of them; if some run, read their log. docs/operations.md has the metrics.",
    )


def check_dead(session: Session) -> Check:
    """Checks whether rows have used up their attempts, and whether messages could not be accepted."""
    backlog: Backlog = measure_backlog(session)
    dead = {kind: one.dead for kind, one in backlog.kinds.items() if one.dead}
    if not dead and not backlog.rejected_messages:
        return Check("dead rows", "none")
    found = [f"{many} of {kind}" for kind, many in dead.items()]
    if backlog.rejected_messages:
        found.append(f"{backlog.rejected_messages} messages that could not be accepted")
    return Check("dead rows", ", ".join(found), "Read why with `devcenter dead list`, mend the cause, and replay them.")
