"""Bells: the names by which processes tell each other that there may be work."""

from enum import StrEnum


class Bell(StrEnum):
    """The kinds of work. After the commit that makes work due its bell is rung; what is due is found without it too."""

    APPLY = "apply"
    STEPS = "steps"
    NOTIFICATIONS = "notifications"
    JOBS = "jobs"
    CHECKS = "checks"
