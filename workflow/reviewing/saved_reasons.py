"""Saved reasons: listing, adding, revising and retiring them. Every change is a new version."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import SavedReason
from models.lifecycle import ReviewKind
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reasons import RESERVED, current_saved_reasons
from workflow.sql.locks import LockSpace, lock_names

MAX_SAVED_REASONS = 1000


def list_saved_reasons(
    session: Session, wanted: PageRequest, *, retired: bool = False, kind: ReviewKind | None = None
) -> PageOf[SavedReason]:
    """Returns a page of the newest versions, by code, including retired ones if `retired`.

    `kind` leaves out those that are not for reviews of that kind.
    """
    statement = current_saved_reasons(retired=retired)
    if kind is not None:
        statement = statement.where((SavedReason.kinds == []) | SavedReason.kinds.contains([kind.value]))
    return read_page(session, statement, SavedReason.code, wanted)


def versions_of(session: Session, code: str) -> Sequence[SavedReason]:
    """Returns all versions of a saved reason, oldest first. Raises NotFound."""
    found = session.scalars(select(SavedReason).where(SavedReason.code == code).order_by(SavedReason.version)).all()
    if not found:
        raise NotFound("saved_reason.not_found", f"There is no saved reason {code}.", "List the saved reasons.")
    return found


def add_saved_reason(
    session: Session, code: str, words: str, where_to_fix: str, actor: Actor, kinds: Iterable[ReviewKind] = ()
) -> SavedReason:
    """Stores and returns version 1 of a new saved reason, for reviews of `kinds`, or of any. Locks the code.

    Does not commit.

    Raises Invalid for a code that is reserved, and Conflict if the code exists or there are too many saved reasons.
    """
    if code in RESERVED:
        detail = f"The code {code} is reserved: the service reads it in requests for {RESERVED[code]}."
        raise Invalid("reason.reserved", detail, "Choose another code.")
    _lock(session, code)
    if session.scalar(select(SavedReason.code).where(SavedReason.code == code).limit(1)) is not None:
        raise Conflict("saved_reason.exists", f"The saved reason {code} already exists.", "Add a version to it.")
    if (session.scalar(text("SELECT count(DISTINCT code) FROM saved_reason")) or 0) >= MAX_SAVED_REASONS:
        detail = f"There are {MAX_SAVED_REASONS} saved reasons, the most that there may be."
        raise Conflict("saved_reason.too_many", detail, "Revise one of them instead.")
    saved = SavedReason(code=code, version=1, text=words, where_to_fix=where_to_fix, kinds=_stored(kinds))
    return _append(session, saved, actor, "saved_reason.add")


def revise_saved_reason(
    session: Session, code: str, words: str, where_to_fix: str, actor: Actor, kinds: Iterable[ReviewKind] = ()
) -> SavedReason:
    """Stores and returns a new version, which is used from now on. A retired code is in use again.

    Earlier decisions keep the text and the version that they were made with. Locks the code. Does not commit. Raises
    NotFound.
    """
    _lock(session, code)
    last = versions_of(session, code)[-1]
    revised = SavedReason(
        code=code, version=last.version + 1, text=words, where_to_fix=where_to_fix, kinds=_stored(kinds)
    )
    return _append(session, revised, actor, "saved_reason.revise")


def retire_saved_reason(session: Session, code: str, actor: Actor) -> SavedReason:
    """Retires a saved reason and returns its last version; retiring it again changes nothing.

    Locks the code. Does not commit. Raises NotFound.
    """
    _lock(session, code)
    last = versions_of(session, code)[-1]
    if last.retired:
        log_action(session, actor, "saved_reason.retire", code, version=last.version)
        return last
    retired = SavedReason(
        code=code,
        version=last.version + 1,
        text=last.text,
        where_to_fix=last.where_to_fix,
        kinds=last.kinds,
        retired=True,
    )
    return _append(session, retired, actor, "saved_reason.retire")


def _stored(kinds: Iterable[ReviewKind]) -> list[str]:
    return sorted({kind.value for kind in kinds})


def _append(session: Session, saved: SavedReason, actor: Actor, action: str) -> SavedReason:
    saved.written_by = actor.id
    session.add(saved)
    session.flush()
    log_action(session, actor, action, saved.code, version=saved.version)
    return saved


def _lock(session: Session, code: str) -> None:
    # The table is append-only: the application's database user may not lock its rows.
    lock_names(session, LockSpace.SAVED_REASON, code)
