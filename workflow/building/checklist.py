"""The evidence that a partner gives for the requirements of the launch checklist. What fits is in `evidence`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import App, ChecklistItem
from models.checklist import GIVEN_REQUIREMENTS, Requirement
from models.lifecycle import AppState
from workflow.actors import Actor
from workflow.building.evidence import problems_with
from workflow.errors import Conflict, Invalid, NotFound
from workflow.locking import lock_app, lock_editable_app

Seal = Callable[[str], str]
"""Encrypts a secret for storing."""


def give_evidence(
    session: Session, slug: str, code: str, evidence: dict[str, Any], actor: Actor, now: datetime, seal: Seal
) -> dict[str, Any]:
    """Stores the evidence for a requirement, in place of what was there; gives it as it may be shown. Does not commit.

    The password of a test account is sealed; a test account may be given while the App is frozen, because a reviewer
    who cannot log in cannot review. Raises NotFound, Conflict (frozen), Invalid with everything wrong with it.
    """
    app = _lock_for_evidence(session, slug, code, actor)
    if code not in GIVEN_REQUIREMENTS:
        known = ", ".join(GIVEN_REQUIREMENTS)
        raise NotFound(
            "requirement.not_found", f"{code} is not a requirement that takes evidence.", f"Those are: {known}."
        )
    problems = problems_with(Requirement(code), evidence)
    if problems:
        raise Invalid("evidence.invalid", " ".join(problems), "Mend each and send the evidence again.")
    if code == Requirement.TEST_ACCOUNT:
        evidence = {**evidence, "password": seal(str(evidence["password"]))}
    row = {"app_id": app.id, "code": code, "evidence": evidence, "given_by": actor.id, "given_at": now}
    statement = insert(ChecklistItem).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["app_id", "code"], set_={key: row[key] for key in ("evidence", "given_by", "given_at")}
        )
    )
    return shown(code, evidence)


def shown(code: str, evidence: dict[str, Any]) -> dict[str, Any]:
    """Gives evidence as an answer may hold it: never a password."""
    return {**evidence, "password": "***"} if code == Requirement.TEST_ACCOUNT else evidence


def evidence_of(session: Session, app_id: UUID) -> dict[str, ChecklistItem]:
    """Gives what has been given for the App, by requirement."""
    return {item.code: item for item in session.scalars(select(ChecklistItem).where(ChecklistItem.app_id == app_id))}


def _lock_for_evidence(session: Session, slug: str, code: str, actor: Actor) -> App:
    if code != Requirement.TEST_ACCOUNT:
        return lock_editable_app(session, slug, actor)
    app = lock_app(session, slug, actor)
    if app.state == AppState.REMOVED:
        raise Conflict("app.removed", f"{slug} was removed and cannot be edited.", "Create a new App.")
    return app
