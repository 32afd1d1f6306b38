"""The test account that reviewers log in with: reading it, each reading logged, and sealing it with a new key."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, AuditEntry, ChecklistItem, Review
from models.checklist import Requirement
from models.lifecycle import Role
from workflow.apps import find_app
from workflow.errors import Conflict, Forbidden, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Unseal
from workflow.pages import PageOf, PageRequest, read_page

READ = "test_account.read"
"""The action of a reading in the audit log; its target is the App's slug."""


@dataclass(frozen=True, slots=True)
class TestAccount:
    """A user name, its password in plain, and notes."""

    __test__ = False

    username: str
    password: str
    notes: str


def read_test_account(session: Session, slug: str, actor: Actor, unseal: Unseal) -> TestAccount:
    """Returns the test account of an App to the reviewer who holds its open review, or to an admin. Logs the reading.

    The password is given only if the entry in the audit log is committed with it. Does not commit. Raises NotFound,
    Forbidden for a reviewer who does not hold the review, and Conflict when no key opens the password.
    """
    app = find_app(session, slug, actor)
    if actor.role is not Role.ADMIN:
        _demand_held(session, app, actor)
    item = session.get(ChecklistItem, (app.id, Requirement.TEST_ACCOUNT.value), populate_existing=True)
    if item is None:
        raise NotFound("test_account.not_given", f"{slug} has no test account yet.", "Ask its partner for one.")
    evidence = item.evidence
    try:
        password = unseal(str(evidence.get("password", "")))
    except ValueError:
        raise Conflict(
            "test_account.unreadable",
            "No key of this installation opens the password.",
            "Have its partner give the test account again; admins: was a key lost?",
        ) from None
    log_action(session, actor, READ, slug)
    return TestAccount(str(evidence.get("username", "")), password, str(evidence.get("notes", "")))


def list_readings(session: Session, slug: str, actor: Actor, wanted: PageRequest) -> PageOf[AuditEntry]:
    """Returns a page of the entries about who read the App's test account, oldest first. Raises NotFound."""
    find_app(session, slug, actor)
    statement = select(AuditEntry).where(AuditEntry.target == slug, AuditEntry.action == READ)
    return read_page(session, statement, AuditEntry.id, wanted)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of sealing a page of test accounts anew. `last` is the last App looked at, None at the end."""

    renewed: int
    unreadable: tuple[UUID, ...]
    last: UUID | None


def reseal_test_accounts(session: Session, rotate: Unseal, *, after: UUID | None, limit: int = 200) -> Resealed:
    """Seals the passwords of the next `limit` test accounts with the first key. Locks them. Does not commit.

    `rotate` gives a secret sealed anew, or raises ValueError when no key of the ring opens it: those are named and left
    alone.
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
            sealed = rotate(str(item.evidence.get("password", "")))
        except ValueError:
            unreadable.append(item.app_id)
            continue
        item.evidence = {**item.evidence, "password": sealed}
    session.flush()
    return Resealed(len(items) - len(unreadable), tuple(unreadable), items[-1].app_id if len(items) == limit else None)


def _demand_held(session: Session, app: App, actor: Actor) -> None:
    held = select(Review.claimed_by).where(Review.app_id == app.id, Review.closed_at.is_(None))
    if session.scalar(held.with_for_update(read=True)) != actor.id:
        raise Forbidden(
            "review.not_held",
            "Only the reviewer who holds the App's open review may read its test account.",
            "Claim the review first.",
        )
