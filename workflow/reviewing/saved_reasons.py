"""Saved reasons: kept by version, never edited in place, and filled into the reasons that name them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from models import SavedReason
from models.lifecycle import Role
from workflow.actors import Actor
from workflow.errors import Conflict, Invalid, NotFound
from workflow.facts import Reason

MAX_SAVED_REASONS = 1000


def current_saved_reasons(*, retired: bool = False) -> Select[SavedReason]:
    """Gives the statement for the newest version of each code, in order of the codes."""
    newest = (
        select(SavedReason.code, func.max(SavedReason.version).label("version")).group_by(SavedReason.code).subquery()
    )
    statement = (
        select(SavedReason)
        .join(newest, (SavedReason.code == newest.c.code) & (SavedReason.version == newest.c.version))
        .order_by(SavedReason.code)
    )
    return statement if retired else statement.where(SavedReason.retired.is_(False))


def versions_of(session: Session, code: str) -> Sequence[SavedReason]:
    """Gives all versions of a saved reason, oldest first. Raises NotFound."""
    found = session.scalars(select(SavedReason).where(SavedReason.code == code).order_by(SavedReason.version)).all()
    if not found:
        raise NotFound("saved_reason.not_found", f"There is no saved reason {code}.", "List the saved reasons.")
    return found


def add_saved_reason(session: Session, code: str, words: str, where_to_fix: str, actor: Actor) -> SavedReason:
    """Gives version 1 of a new saved reason. Does not commit. Raises Conflict when the code is known or too many are.

    Changes to one code take turns.
    """
    _lock(session, code)
    if session.scalar(select(SavedReason.code).where(SavedReason.code == code).limit(1)) is not None:
        raise Conflict("saved_reason.exists", f"The saved reason {code} exists.", "Add a version of it.")
    if (session.scalar(text("SELECT count(DISTINCT code) FROM saved_reason")) or 0) >= MAX_SAVED_REASONS:
        raise Conflict("saved_reason.too_many", f"There are {MAX_SAVED_REASONS} saved reasons.", "Use one of them.")
    return _append(session, SavedReason(code=code, version=1, text=words, where_to_fix=where_to_fix), actor)


def revise_saved_reason(session: Session, code: str, words: str, where_to_fix: str, actor: Actor) -> SavedReason:
    """Gives a new version, which counts from now on; a retired code is back with it. Does not commit. Raises NotFound.

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


def saved_reasons_named(session: Session, reasons: Iterable[Reason]) -> dict[str, SavedReason]:
    """Gives the newest versions of the saved reasons that `reasons` name, by code: one query, none when none is."""
    codes = {reason.code for reason in reasons if reason.saved}
    if not codes:
        return {}
    statement = current_saved_reasons().where(SavedReason.code.in_(codes))
    return {saved.code: saved for saved in session.scalars(statement)}


def filled_in(reasons: Sequence[Reason], known: Mapping[str, SavedReason], actor: Actor) -> tuple[Reason, ...]:
    """Gives `reasons` with the texts of the saved ones, their places and versions, and the words that were added.

    Saved reasons are the reviewers': nobody else can name one. Raises Invalid for one that is not known or retired.
    """
    return tuple(_filled_in(reason, known, actor) if reason.saved else reason for reason in reasons)


def _filled_in(reason: Reason, known: Mapping[str, SavedReason], actor: Actor) -> Reason:
    saved = known.get(reason.code) if actor.role in (Role.REVIEWER, Role.ADMIN) else None
    if saved is None:
        raise Invalid(
            "saved_reason.unknown", f"There is no saved reason {reason.code} to pick.", "List the saved reasons."
        )
    words = "\n".join(part for part in (saved.text, reason.text) if part.strip())
    return replace(reason, text=words, where=reason.where or saved.where_to_fix, saved_version=saved.version)


def _append(session: Session, saved: SavedReason, actor: Actor) -> SavedReason:
    saved.written_by = actor.id
    session.add(saved)
    session.flush()
    return saved


def _lock(session: Session, code: str) -> None:
    # The table is append-only, so there is no row that the application may lock.
    name: dict[str, Any] = {"name": f"saved_reason:{code}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)
