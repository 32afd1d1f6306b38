"""The reasons of a request, and completing them from saved reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models import SavedReason
from models.lifecycle import AppTrigger, Role
from workflow.errors import Invalid
from workflow.identity.actors import Actor

URGENT: Final = "urgent"
"""The code of a partner's reason why a revision is urgent, such as a security fix or an endpoint that moved."""
ONLY_REINSTATED: Final = "only_reinstated"
"""The code of a reviewer's reason for a suspension that no revision lifts, only a reinstatement."""


RESERVED: Final[Mapping[str, AppTrigger]] = {URGENT: AppTrigger.SUBMIT, ONLY_REINSTATED: AppTrigger.SUSPEND}
"""Codes of reasons that the service itself reads, each with the only trigger that it may be given for."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is asked for or decided: the code of a saved reason or "other", a text, and where to fix it.

    `saved` means that the code names a saved reason. When the request is accepted, that reason's text is put before
    `text`, and `saved_version` is set to its version.
    """

    code: str
    text: str
    where: str = ""
    saved: bool = False
    saved_version: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Returns the reason in the form in which accepted reasons are stored and returned."""
        version = {} if self.saved_version is None else {"saved_version": self.saved_version}
        return {"code": self.code, "text": self.text, "where": self.where, **version}


def reason_from(stored: Mapping[str, Any]) -> Reason:
    """Returns the reason of which `stored` is the `as_dict` form."""
    version = stored.get("saved_version")
    return Reason(stored["code"], stored["text"], stored.get("where", ""), version is not None, version)


def current_saved_reasons(*, retired: bool = False) -> Select[SavedReason]:
    """Returns the statement that selects the newest version of each code, by code, with retired ones if `retired`."""
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
    """Returns the newest versions of the saved reasons that `reasons` name, by code. One query at most."""
    codes = {reason.code for reason in reasons if reason.saved}
    if not codes:
        return {}
    statement = current_saved_reasons().where(SavedReason.code.in_(codes))
    return {saved.code: saved for saved in session.scalars(statement)}


def misused_code(reasons: Iterable[Reason], trigger: AppTrigger) -> Invalid | None:
    """Returns why a reason's code may not be given for the trigger, None if all may. Pure.

    A reserved code does something, so it is refused where it would do nothing, or something else.
    """
    for reason in reasons:
        only = RESERVED.get(reason.code)
        if only is not None and only is not trigger:
            return Invalid(
                "reason.reserved",
                f"The code {reason.code} is reserved for {only}, and {trigger} may not be asked for with it.",
                "Give the reason another code, such as other.",
            )
    return None


def filled_in(reasons: Sequence[Reason], known: Mapping[str, SavedReason], actor: Actor) -> tuple[Reason, ...]:
    """Returns `reasons` with the saved ones completed: their text before the given one, their place and their version.

    Only reviewers and admins may name saved reasons. Raises Invalid for a saved reason that is unknown or retired, or
    that the actor may not name.
    """
    return tuple(_filled_in(reason, known, actor) if reason.saved else reason for reason in reasons)


def _filled_in(reason: Reason, known: Mapping[str, SavedReason], actor: Actor) -> Reason:
    saved = known.get(reason.code) if actor.role in (Role.REVIEWER, Role.ADMIN) else None
    if saved is None:
        raise Invalid(
            "saved_reason.unknown",
            f"There is no saved reason {reason.code} that you may use.",
            "Choose one from the list of saved reasons.",
        )
    words = "\n".join(part for part in (saved.text, reason.text) if part.strip())
    return replace(reason, text=words, where=reason.where or saved.where_to_fix, saved_version=saved.version)
