"""Bells: by which names it is said that there may be work of a kind."""

from enum import StrEnum

from workflow.work.leases import DueKind


class Bell(StrEnum):
    """The kinds of work. After the commit that makes work due its bell is rung; what is due is found without it too."""

    APPLY = "apply"
    STEPS = "steps"
    NOTIFICATIONS = "notifications"
    JOBS = "jobs"
    CHECKS = "checks"


BELL_OF = {
    "transition_request": Bell.APPLY,
    DueKind.REVIEW_STEP.value: Bell.STEPS,
    DueKind.NOTIFICATION.value: Bell.NOTIFICATIONS,
    DueKind.JOB_TICK.value: Bell.JOBS,
    DueKind.WEBSITE_CHECK.value: Bell.CHECKS,
}
"""The bell of each table whose rows are due."""
