"""Refusing lost updates: whoever edits names the revision that they saw."""

from workflow.errors import Conflict

Seen = frozenset[int] | None
"""The revisions that an editor is ready to change; None is whichever there is."""


def require_revision(what: str, revision: int, seen: Seen) -> None:
    """Raises Conflict (`revision.stale`) unless the editor saw the present revision. Call it under the App's lock."""
    if seen is not None and revision not in seen:
        raise Conflict(
            "revision.stale",
            f"{what} was changed meanwhile: it is at revision {revision}.",
            "Read it again, make your change to what it is now, and send its new ETag in If-Match.",
        )
