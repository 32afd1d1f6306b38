"""Saved reasons: kept by version, never edited in place, and filled into the reasons that name them."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import SavedReason
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.sql.locks import LockSpace, lock_names

MAX_SAVED_REASONS = 1000


def versions_of(session: Session, code: str) -> Sequence[SavedReason]:
    """Returns all versions of a saved reason, oldest first. Raises NotFound."""
    found = session.scalars(select(SavedReason).where(SavedReason.code == code).order_by(SavedReason.version)).all()
    if not found:
        raise NotFound("saved_reason.not_found", f"There is no saved reason {code}.", "List the saved reasons.")
    return found


def add_saved_reason(session: Session, code: str, words: str, where_to_fix: str, actor: Actor) -> SavedReason:
    """Returns version 1 of a new saved reason. Does not commit. Raises Conflict when the code is known or too many are.

    Changes to one code take turns.
    """
    _lock(session, code)
    if session.scalar(select(SavedReason.code).where(SavedReason.code == code).limit(1)) is not None:
        raise Conflict("saved_reason.exists", f"The saved reason {code} exists.", "Add a version of it.")
    if (session.scalar(text("SELECT count(DISTINCT code) FROM saved_reason")) or 0) >= MAX_SAVED_REASONS:
        raise Conflict("saved_reason.too_many", f"There are {MAX_SAVED_REASONS} saved reasons.", "Use one of them.")
    return _append(session, SavedReason(code=code, version=1, text=words, where_to_fix=where_to_fix), actor)


def revise_saved_reason(session: Session, code: str, words: str, where_to_fix: str, actor: Actor) -> SavedReason:
    """Returns a new version, which counts from now on; it brings a retired code back. Does not commit. Raises NotFound.

    What was decided before keeps the words and the version that it was decided with.
    """
    _lock(session, code)
    last = versions_of(session, code)[-1]
    revised = SavedReason(code=code, version=last.version + 1, text=words, where_to_fix=where_to_fix)
    return _append(session, revised, actor)


def retire_saved_reason(session: Session, code: str, actor: Actor) -> SavedReason:
    """Takes a saved reason out of use; doing it again changes nothing. Does not commit. Raises NotFound."""
    _lock(session, code)
    last = versions_of(session, code)[-1]
    if last.retired:
        return last
    retired = SavedReason(
        code=code, version=last.version + 1, text=last.text, where_to_fix=last.where_to_fix, retired=True
    )
    return _append(session, retired, actor)


def _append(session: Session, saved: SavedReason, actor: Actor) -> SavedReason:
    saved.written_by = actor.id
    session.add(saved)
    session.flush()
    return saved


def _lock(session: Session, code: str) -> None:
    # The table is append-only, so there is no row that the application may lock.
    lock_names(session, LockSpace.SAVED_REASON, code)
