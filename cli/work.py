"""The kinds of work that a worker can be told to do."""

from enum import StrEnum

from workflow.work.bells import Bell


class Work(StrEnum):
    """What a worker does: the work of each bell, and taking in the messages of other services."""

    APPLY = Bell.APPLY.value
    STEPS = Bell.STEPS.value
    NOTIFICATIONS = Bell.NOTIFICATIONS.value
    JOBS = Bell.JOBS.value
    CHECKS = Bell.CHECKS.value
    TRANSITIONS = "transitions"
