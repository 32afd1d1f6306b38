"""Reasons that a request gives, and the saved reasons that are filled into them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models import SavedReason
from models.lifecycle import Role
from workflow.errors import Invalid
from workflow.identity.actors import Actor


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is asked for: a saved reason's code or "other", words, and where to mend it.

    `saved`: the code names a saved reason, whose words come before `text` once the request is accepted; which version
    they are of is `saved_version`.
    """

    code: str
    text: str
    where: str = ""
    saved: bool = False
    saved_version: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Returns the shape in which an accepted reason is stored and answered."""
        version = {} if self.saved_version is None else {"saved_version": self.saved_version}
        return {"code": self.code, "text": self.text, "where": self.where, **version}


def reason_from(stored: Mapping[str, Any]) -> Reason:
    """Returns the reason that was stored as `as_dict`."""
    version = stored.get("saved_version")
    return Reason(stored["code"], stored["text"], stored.get("where", ""), version is not None, version)


def current_saved_reasons(*, retired: bool = False) -> Select[SavedReason]:
    """Returns the statement for the newest version of each code, in order of the codes."""
    newest = (
        select(SavedReason.code, func.max(SavedReason.version).label("version")).group_by(SavedReason.code).subquery()
    )
    statement = (
        select(SavedReason)
        .join(newest, (SavedReason.code == newest.c.code) & (SavedReason.version == newest.c.version))
        .order_by(SavedReason.code)
    )
    return statement if retired else statement.where(SavedReason.retired.is_(False))


def saved_reasons_named(session: Session, reasons: Iterable[Reason]) -> dict[str, SavedReason]:
    """Returns the newest versions of the saved reasons that `reasons` name, by code: one query, none when none is."""
    codes = {reason.code for reason in reasons if reason.saved}
    if not codes:
        return {}
    statement = current_saved_reasons().where(SavedReason.code.in_(codes))
    return {saved.code: saved for saved in session.scalars(statement)}


def filled_in(reasons: Sequence[Reason], known: Mapping[str, SavedReason], actor: Actor) -> tuple[Reason, ...]:
    """Returns `reasons` with the texts of the saved ones, their places and versions, and the words that were added.

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
