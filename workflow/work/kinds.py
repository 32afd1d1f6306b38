"""The kinds of leased work, as one table: their queues, leases and lanes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from models.steps import STEP_LEASE
from workflow.work.bells import Bell


class DueKind(StrEnum):
    """The kinds of leased work. The value is the name of the table."""

    REVIEW_STEP = "review_step"
    NOTIFICATION = "notification"
    JOB_TICK = "job_tick"
    WEBSITE_CHECK = "website_check"
    DRAFT_CHECK = "draft_check"
    COMPONENT_TEST = "component_test"
    HOST_PROOF = "host_proof"


@dataclass(frozen=True, slots=True)
class LeasedKind:
    """How rows of a kind are leased. `bell` is the name of its queue and of the bell that is rung for it.

    - `about`: the column that tells an operator what a row is about.
    - `lease`: how long a worker has a row; longer than `longest_attempt`.
    - `longest_attempt`: the longest time that an attempt takes, as the timeouts of sockets and statements ensure.
    - `lane_bound`: how many rows of one lane may be leased at a time, in all processes together.
    - `lanes_fail`: whether failures are counted for the lane as well as for the row.
    - `ahead`: how many leased rows may wait in a process for a thread.
    - `kept_for_urgent`: how much of a process's room is reserved for urgent rows.
    """

    kind: DueKind
    bell: Bell
    about: str
    lease: timedelta
    longest_attempt: timedelta
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
            longest_attempt=timedelta(seconds=35),
            lane_bound=4,
            kept_for_urgent=2,
        ),
        LeasedKind(
            DueKind.NOTIFICATION,
            Bell.NOTIFICATIONS,
            about="kind",
            lease=timedelta(seconds=45),
            longest_attempt=timedelta(seconds=35),
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
            longest_attempt=timedelta(seconds=50),
            lane_bound=1,
        ),
        LeasedKind(
            DueKind.WEBSITE_CHECK,
            Bell.CHECKS,
            about="url",
            lease=timedelta(seconds=45),
            longest_attempt=timedelta(seconds=35),
            lane_bound=4,
        ),
        LeasedKind(
            DueKind.DRAFT_CHECK,
            Bell.DRAFTS,
            about="code",
            lease=STEP_LEASE,
            longest_attempt=timedelta(seconds=35),
            lane_bound=4,
        ),
        LeasedKind(
            DueKind.COMPONENT_TEST,
            Bell.TESTS,
            about="scope",
            lease=timedelta(seconds=75),
            longest_attempt=timedelta(seconds=65),
            lane_bound=4,
            kept_for_urgent=2,
        ),
        LeasedKind(
            DueKind.HOST_PROOF,
            Bell.HOSTS,
            about="host",
            lease=timedelta(seconds=45),
            longest_attempt=timedelta(seconds=35),  # a look-up of names, a fetch, and two short transactions
            lane_bound=2,
        ),
    )
}
