"""Who is told what: the kinds of notification, their audiences, and the rows that are written with their cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer, Text


class NotificationKind(StrEnum):
    """What a message is about. workers/mail.py has the words of each."""

    SUBMISSION_ACKNOWLEDGED = "submission_acknowledged"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    CUSTOMER_ONBOARDED = "customer_onboarded"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REMOVED = "removed"
    NEW_SUBMISSION = "new_submission"
    REVIEW_DUE_SOON = "review_due_soon"
    REVIEW_OVERDUE = "review_overdue"


class Audience(StrEnum):
    """Who is told: the people of the App's company, or the review team."""

    PARTNER = "partner"
    REVIEWERS = "reviewers"


_RECIPIENTS = {
    Audience.PARTNER: "p.organization_id = a.organization_id",
    Audience.REVIEWERS: "p.role = 'reviewer'",
}


def notify_of_transitions(
    session: Session,
    kind: NotificationKind,
    audience: Audience,
    transitions: Sequence[tuple[UUID, int]],
    now: datetime,
) -> None:
    """Writes one row for each of `transitions` (App, version) and each recipient. Does not commit."""
    statement = text(f"""
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at)
        SELECT uuidv7(), :kind, 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
               t.app_id, t.version, p.id, '{{}}', :now
          FROM unnest(:ids, :versions) AS t (app_id, version)
          JOIN app a ON a.id = t.app_id
          JOIN person p ON {_RECIPIENTS[audience]} AND p.removed_at IS NULL
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """).bindparams(
        bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
        bindparam("versions", type_=ARRAY(Integer)),
        bindparam("kind", type_=Text),
    )
    ids, versions = [app_id for app_id, _ in transitions], [version for _, version in transitions]
    session.execute(statement, {"kind": kind.value, "ids": ids, "versions": versions, "now": now})


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A workspace that became a customer of an App, which then had `count` of them."""

    app_id: UUID
    workspace: str
    count: int


def notify_of_customers(session: Session, onboarded: Sequence[Onboarded], now: datetime) -> None:
    """Tells each company that a workspace was onboarded, once for each workspace. One statement. Does not commit."""
    if not onboarded:
        return
    first: dict[tuple[UUID, str], Onboarded] = {}
    for one in onboarded:
        first.setdefault((one.app_id, one.workspace), one)
    session.execute(
        text("""
            INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at)
            SELECT uuidv7(), 'customer_onboarded', 'customer:' || a.id || ':' || o.workspace,
                   a.id, a.version, p.id, jsonb_build_object('count', o.many), :now
              FROM unnest(:ids, :workspaces, :counts) AS o (app_id, workspace, many)
              JOIN app a ON a.id = o.app_id
              JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL
            ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
        """).bindparams(
            bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
            bindparam("workspaces", type_=ARRAY(Text)),
            bindparam("counts", type_=ARRAY(Integer)),
        ),
        {
            "ids": [one.app_id for one in first.values()],
            "workspaces": [one.workspace for one in first.values()],
            "counts": [one.count for one in first.values()],
            "now": now,
        },
    )


def mark_reviews(session: Session, now: datetime) -> int:
    """Marks open reviews that are due soon or overdue and tells who holds them, else the team. Gives how many.

    A mark and its notifications are one transaction, so a reviewer is told once. Does not commit.
    """
    marked = 0
    for kind, due, mark in (
        (NotificationKind.REVIEW_DUE_SOON, "due_soon_at", "due_soon_marked_at"),
        (NotificationKind.REVIEW_OVERDUE, "due_at", "overdue_marked_at"),
    ):
        marked += len(
            session.execute(
                text(f"""
                    WITH marked AS (
                        UPDATE review SET {mark} = :now
                         WHERE closed_at IS NULL AND {mark} IS NULL AND {due} <= :now
                        RETURNING id, app_id, claimed_by
                    ), told AS (
                        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at)
                        SELECT uuidv7(), :kind, 'review:' || m.id || ':' || :kind, m.app_id, a.version, p.id,
                               '{{}}', :now
                          FROM marked m JOIN app a ON a.id = m.app_id
                          JOIN person p ON p.removed_at IS NULL
                               AND (p.id = m.claimed_by OR (m.claimed_by IS NULL AND p.role = 'reviewer'))
                        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
                    )
                    SELECT id FROM marked
                """).bindparams(bindparam("kind", type_=Text)),
                {"now": now, "kind": kind.value},
            ).all()
        )
    return marked
