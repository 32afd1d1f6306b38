"""Preventing lost updates: an edit names the revision that it is based on."""

from workflow.errors import Conflict

ExpectedRevisions = frozenset[int] | None
"""The revisions that an edit may be based on; None means any."""


def require_revision(what: str, revision: int, expected: ExpectedRevisions) -> None:
    """Raises Conflict (`revision.stale`) unless `expected` allows `revision`. The caller must hold the App's lock."""
    if expected is not None and revision not in expected:
        raise Conflict(
            "revision.stale",
            f"{what} has been changed since you read it: it is now at revision {revision}.",
            "Read it again, apply your change to the current content, and send its new ETag in If-Match.",
        )
