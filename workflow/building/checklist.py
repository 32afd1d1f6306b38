"""Storing the evidence for the launch checklist. Its form is checked in `evidence`, its content in `findings`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import App, ChecklistItem, Component
from models.checklist import GIVEN_REQUIREMENTS, Requirement
from workflow.access.domains import fetch_lane
from workflow.apps import lock_editable_app, lock_kept_app, touch
from workflow.assets.storing import problems_with_assets
from workflow.building.accounts import change_secrets
from workflow.building.evidence import field_in, problems_with
from workflow.building.findings import Templates, findings_on
from workflow.building.revisions import ExpectedRevisions, require_revision
from workflow.catalog.snapshots import OPEN_EVIDENCE
from workflow.errors import Invalid, Misfit, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal, Unseal
from workflow.profile.document import Profile
from workflow.profile.guides import Guide


def store_evidence(
    session: Session,
    slug: str,
    code: str,
    evidence: dict[str, Any],
    actor: Actor,
    now: datetime,
    seal: Seal,
    unseal: Unseal,
    profile: Profile,
    *,
    expected: ExpectedRevisions = None,
    loopback: bool = False,
) -> ChecklistItem:
    """Stores the evidence for a requirement, replacing earlier evidence, and returns it with its findings.

    `expected` are the revisions that it may replace, 0 for none given yet. Evidence that is stored already replaces
    nothing, and keeps its revision.

    Evidence of the wrong form is refused: Invalid names every problem. Evidence that breaks a rule is stored, so that
    a partner can improve it step by step; it has findings that say how, and does not count until they are fixed.
    `loopback` allows addresses of this machine.

    The secrets of a test account are stored encrypted. What is in no snapshot applies at once and may be changed while
    the App is frozen: a reviewer who cannot log in with the test account cannot review. Locks the App. Does not commit.
    Raises NotFound, Conflict (frozen, or `revision.stale`) and Invalid.
    """
    app = _lock_for_evidence(session, slug, code, actor)
    if code not in GIVEN_REQUIREMENTS:
        known = ", ".join(GIVEN_REQUIREMENTS)
        raise NotFound(
            "requirement.not_found", f"{code} is not a requirement that takes evidence.", f"Choose one of: {known}."
        )
    problems = problems_with(Requirement(code), evidence, profile.platform.categories, loopback=loopback)
    problems = problems or problems_with_assets(session, app.id, evidence)
    if problems:
        wrong = [Misfit("/".join(("/evidence", *field_in(code, one))), one[:500]) for one in problems]
        remedy = "Fix each problem and send the evidence again."
        raise Invalid("evidence.invalid", " ".join(problems)[:4000], remedy, wrong)
    before = session.get(ChecklistItem, (app.id, code), populate_existing=True)
    revision = before.revision if before else 0
    if before is None or not _is_same(before, evidence, unseal):
        require_revision(f"The evidence for {code}", revision, expected)
        revision += 1
        if code in OPEN_EVIDENCE:
            touch(app, code)
    findings = _judge(session, app.id, Requirement(code), evidence, profile.guides)
    if code == Requirement.TEST_ACCOUNT:
        evidence = change_secrets(evidence, seal)
    row = {
        "app_id": app.id,
        "code": code,
        "evidence": evidence,
        "findings": findings,
        "lane": fetch_lane(str(evidence.get("url", ""))),
        "revision": revision,
        "given_by": actor.id,
        "given_at": now,
    }
    statement = insert(ChecklistItem).values(row)
    replaced = {key: value for key, value in row.items() if key not in ("app_id", "code")}
    session.execute(statement.on_conflict_do_update(index_elements=["app_id", "code"], set_=replaced))
    log_action(session, actor, "checklist.give", slug, requirement=code)
    return session.get_one(ChecklistItem, (app.id, code), populate_existing=True)


def rejudge_documentation(session: Session, app_id: UUID, guides: Sequence[Guide]) -> None:
    """Updates the findings on the platform documentation to the App's present kinds of Component. Does not commit.

    The caller must hold the App's lock.
    """
    item = session.get(ChecklistItem, (app_id, Requirement.PLATFORM_DOCUMENTATION.value), populate_existing=True)
    if item is not None:
        item.findings = _judge(session, app_id, Requirement.PLATFORM_DOCUMENTATION, item.evidence, guides)
        session.flush()


def without_secrets(code: str, evidence: dict[str, Any]) -> dict[str, Any]:
    """Returns the evidence with its secrets hidden, as it may be shown."""
    return change_secrets(evidence, lambda _secret: "***") if code == Requirement.TEST_ACCOUNT else evidence


def evidence_of(session: Session, app_id: UUID) -> dict[str, ChecklistItem]:
    """Returns the App's evidence by requirement."""
    statement = select(ChecklistItem).where(ChecklistItem.app_id == app_id)
    return {item.code: item for item in session.scalars(statement.execution_options(populate_existing=True))}


def _is_same(stored: ChecklistItem, evidence: Mapping[str, Any], unseal: Unseal) -> bool:
    """Returns whether the evidence is what is stored, its secrets included."""
    if stored.code != Requirement.TEST_ACCOUNT:
        return stored.evidence == evidence
    try:
        return change_secrets(stored.evidence, unseal) == evidence
    except ValueError:  # no key of ours decrypts them any more
        return False


def _judge(
    session: Session, app_id: UUID, requirement: Requirement, evidence: Mapping[str, Any], guides: Sequence[Guide]
) -> list[dict[str, str]]:
    kinds = select(Component.kind).where(Component.app_id == app_id, Component.removed_at.is_(None)).distinct()
    found = findings_on(requirement, evidence, Templates(guides, frozenset(session.scalars(kinds))))
    return [finding.as_dict() for finding in found]


def _lock_for_evidence(session: Session, slug: str, code: str, actor: Actor) -> App:
    lock = lock_editable_app if code in OPEN_EVIDENCE else lock_kept_app
    return lock(session, slug, actor)
