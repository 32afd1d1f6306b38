"""Bells: the names under which workers are woken, and noting which of them to ring after a commit."""

from enum import StrEnum

from sqlalchemy.orm import Session


class Bell(StrEnum):
    """The bells, one for each kind of work. A bell is rung after the commit that makes work due."""

    APPLY = "apply"
    STEPS = "steps"
    NOTIFICATIONS = "notifications"
    JOBS = "jobs"
    CHECKS = "checks"
    DRAFTS = "drafts"
    TESTS = "tests"


MESSAGE_QUEUE = "transitions"
"""The queue for messages from other services. It has no bell, because Redis itself holds its messages."""
QUEUES: tuple[str, ...] = (*Bell, MESSAGE_QUEUE)
"""The queues that a worker can serve. A queue of due work has the name of its bell."""

_ASKED_FOR = "bells"


def ring_after_commit(session: Session, *bells: Bell) -> None:
    """Notes that whoever commits the session's transaction must ring `bells` afterwards."""
    session.info.setdefault(_ASKED_FOR, set()).update(bells)


def bells_of(session: Session) -> frozenset[Bell]:
    """Returns the bells that must be rung after the session's transaction is committed."""
    return frozenset(session.info.get(_ASKED_FOR, ()))
