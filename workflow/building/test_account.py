"""The test account that reviewers log in with: reading it, with each access logged, and re-encrypting it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, AuditEntry, ChecklistItem, Review
from models.checklist import Requirement
from models.lifecycle import Role
from workflow.apps import find_app
from workflow.building.accounts import DEFAULT_KIND, change_secrets
from workflow.errors import Conflict, Forbidden, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Unseal
from workflow.pages import PageOf, PageRequest, read_page

READ = "test_account.read"
"""The audit log's action for an access; its target is the App's slug."""


def read_test_account(session: Session, slug: str, actor: Actor, unseal: Unseal) -> dict[str, Any]:
    """Returns an App's test account, for an admin or the reviewer who holds its open review, and logs the access.

    It has its kind and the fields of that, the secrets in plain text. The caller must commit the audit entry before it
    shows them. Does not commit. Raises NotFound, Forbidden for a reviewer who does not hold the review, and Conflict
    if no key decrypts a secret.
    """
    app = find_app(session, slug, actor)
    if actor.role is not Role.ADMIN:
        _require_held_review(session, app, actor)
    item = session.get(ChecklistItem, (app.id, Requirement.TEST_ACCOUNT.value), populate_existing=True)
    if item is None:
        raise NotFound("test_account.not_given", f"{slug} has no test account yet.", "Ask its partner for one.")
    try:
        account = {"kind": DEFAULT_KIND, **change_secrets(item.evidence, unseal)}
    except ValueError:
        raise Conflict(
            "test_account.unreadable",
            "None of this installation's keys decrypts the account's secrets.",
            "Ask the partner to send the test account again, and an admin whether a key was removed too early.",
        ) from None
    log_action(session, actor, READ, slug)
    return account


def list_readings(session: Session, slug: str, actor: Actor, wanted: PageRequest) -> PageOf[AuditEntry]:
    """Returns a page of the audit entries about accesses to the App's test account, oldest first. Raises NotFound."""
    find_app(session, slug, actor)
    statement = select(AuditEntry).where(AuditEntry.target == slug, AuditEntry.action == READ)
    return read_page(session, statement, AuditEntry.id, wanted)


@dataclass(frozen=True, slots=True)
class Resealed:
    """The result of re-encrypting a page of test accounts. `last` is its last App, None if no page follows."""

    renewed: int
    unreadable: tuple[UUID, ...]
    last: UUID | None


def reseal_test_accounts(session: Session, rotate: Unseal, *, after: UUID | None, limit: int = 200) -> Resealed:
    """Re-encrypts all secrets of the next `limit` test accounts. Locks their rows. Does not commit.

    `rotate` returns an encrypted secret encrypted with the newest key, or raises ValueError if no key decrypts it:
    such secrets are reported and left unchanged.
    """
    wanted = select(ChecklistItem).where(ChecklistItem.code == Requirement.TEST_ACCOUNT.value)
    if after is not None:
        wanted = wanted.where(ChecklistItem.app_id > after)
    items = session.scalars(
        wanted.order_by(ChecklistItem.app_id).limit(limit).with_for_update().execution_options(populate_existing=True)
    ).all()
    unreadable = []
    for item in items:
        try:
            item.evidence = change_secrets(item.evidence, rotate)
        except ValueError:
            unreadable.append(item.app_id)
    session.flush()
    return Resealed(len(items) - len(unreadable), tuple(unreadable), items[-1].app_id if len(items) == limit else None)


def _require_held_review(session: Session, app: App, actor: Actor) -> None:
    held = select(Review.claimed_by).where(Review.app_id == app.id, Review.closed_at.is_(None))
    if session.scalar(held.with_for_update(read=True)) != actor.id:
        raise Forbidden(
            "review.not_held",
            "Only the reviewer who holds the App's open review may read its test account.",
            "Claim the review first.",
        )
