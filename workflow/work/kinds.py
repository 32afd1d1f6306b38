"""The kinds of leased work as one table: their tables, queues, leases and lanes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from models.review import STEP_LEASE
from workflow.work.bells import Bell


class DueKind(StrEnum):
    """The tables whose rows are leased work."""

    REVIEW_STEP = "review_step"
    NOTIFICATION = "notification"
    JOB_TICK = "job_tick"
    WEBSITE_CHECK = "website_check"


@dataclass(frozen=True, slots=True)
class LeasedKind:
    """How rows of a kind are leased. `bell` is the name of its queue, and of the bell that is rung for it.

    `lease` is how long a worker has a row: longer than `longest_try`, which sockets and statements bound. `lane_bound`
    is how many rows of one lane are leased at a time, in all processes together. A kind with `lanes_fail` holds a
    lane's failures against the lane, not the row alone. `about` is the column that tells an operator what a row is
    about. `ahead` is how many rows may wait in a process for a thread, with their leases running; `kept_for_urgent` is
    how many places only urgent rows take.
    """

    kind: DueKind
    bell: Bell
    about: str
    lease: timedelta
    longest_try: timedelta
    lane_bound: int
    lanes_fail: bool = False
    ahead: int = 0
    kept_for_urgent: int = 0


LEASED_KINDS: Final[dict[DueKind, LeasedKind]] = {
    one.kind: one
    for one in (
        LeasedKind(
            DueKind.REVIEW_STEP,
            Bell.STEPS,
            about="code",
            lease=STEP_LEASE,
            longest_try=timedelta(seconds=35),
            lane_bound=4,
        ),
        LeasedKind(
            DueKind.NOTIFICATION,
            Bell.NOTIFICATIONS,
            about="kind",
            lease=timedelta(seconds=45),
            longest_try=timedelta(seconds=35),
            lane_bound=10,
            lanes_fail=True,
            ahead=16,
            kept_for_urgent=2,
        ),
        LeasedKind(
            DueKind.JOB_TICK,
            Bell.JOBS,
            about="job",
            lease=timedelta(minutes=1),  # its transaction holds the row for as long as it takes
            longest_try=timedelta(seconds=50),
            lane_bound=1,
        ),
        LeasedKind(
            DueKind.WEBSITE_CHECK,
            Bell.CHECKS,
            about="url",
            lease=timedelta(seconds=45),
            longest_try=timedelta(seconds=35),
            lane_bound=4,
        ),
    )
}
