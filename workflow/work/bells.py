"""Bells: the names by which processes tell each other that there may be work, and which to ring after a commit."""

from enum import StrEnum

from sqlalchemy.orm import Session


class Bell(StrEnum):
    """The kinds of work. After the commit that makes work due its bell is rung; what is due is found without it too."""

    APPLY = "apply"
    STEPS = "steps"
    NOTIFICATIONS = "notifications"
    JOBS = "jobs"
    CHECKS = "checks"


MESSAGE_QUEUE = "transitions"
"""The queue of messages of other services. It has no bell: Redis holds its messages."""
QUEUES: tuple[str, ...] = (*Bell, MESSAGE_QUEUE)
"""What a worker can be told to serve: a queue has the name of its bell."""

_ASKED_FOR = "bells"


def ring_after_commit(session: Session, *bells: Bell) -> None:
    """Notes that `bells` are to be rung once the session's transaction is committed; whoever commits it rings them."""
    session.info.setdefault(_ASKED_FOR, set()).update(bells)


def bells_of(session: Session) -> frozenset[Bell]:
    """Returns the bells that are to be rung once the session's transaction is committed."""
    return frozenset(session.info.get(_ASKED_FOR, ()))
