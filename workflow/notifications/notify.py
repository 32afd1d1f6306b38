"""Writing notifications, in the transaction of their cause."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models.due import NO_LANE
from workflow.notifications.kinds import REVIEW_REMINDERS, Audience, NotificationKind
from workflow.sql.arrays import Integers, Texts, Uuids, statement
from workflow.work.lanes import mail_lane

_RECIPIENTS = {
    Audience.PARTNER: "p.organization_id = t.organization_id",
    Audience.REVIEWERS: """CASE WHEN EXISTS (SELECT FROM review r WHERE r.app_id = t.app_id AND r.closed_at IS NULL
                                                                    AND r.claimed_by IS NOT NULL)
                                THEN p.id = (SELECT r.claimed_by FROM review r
                                              WHERE r.app_id = t.app_id AND r.closed_at IS NULL)
                                ELSE p.role = 'reviewer' END""",
}


_LANE_OF_PERSON = f"coalesce(nullif(lower(split_part(p.email, '@', -1)), ''), '{NO_LANE}')"
"""What `mail_lane` says of an address, in SQL."""


class AppAtVersion(NamedTuple):
    """An App, a version of it, and its company."""

    id: UUID
    version: int
    organization_id: UUID


def notify_of_transitions(
    session: Session, kind: NotificationKind, audience: Audience, apps: Sequence[AppAtVersion], now: datetime
) -> None:
    """Notifies each recipient of the transition of each of `apps` to its version. One statement. Does not commit."""
    ids, versions, organization_ids = zip(*apps, strict=True)
    wanted = {
        **_kind(kind),
        "ids": ids,
        "versions": versions,
        "organization_ids": organization_ids,
        "now": now,
    }
    session.execute(_NOTIFY_OF_TRANSITIONS[audience], wanted)


_NOTIFY_OF_TRANSITIONS = {
    audience: statement(
        f"""
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
               t.app_id, t.version, p.id, '{{}}', :now, {_LANE_OF_PERSON}, :urgency
          FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
          JOIN person p ON {recipients} AND p.removed_at IS NULL
        """,
        ids=Uuids(),
        versions=Integers(),
        organization_ids=Uuids(),
    )
    for audience, recipients in _RECIPIENTS.items()
}


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A workspace that became a customer of an App, and the App's number of customers then."""

    app: AppAtVersion
    workspace: str
    count: int


def notify_of_customers(session: Session, onboarded: Sequence[Onboarded], now: datetime) -> None:
    """Notifies each App's company of its new customers, once for each workspace. One statement. Does not commit."""
    if not onboarded:
        return
    first: dict[tuple[UUID, str], Onboarded] = {}
    for one in onboarded:
        first.setdefault((one.app.id, one.workspace), one)
    session.execute(
        _NOTIFY_OF_CUSTOMERS,
        {
            **_kind(NotificationKind.CUSTOMER_ONBOARDED),
            "ids": [one.app.id for one in first.values()],
            "versions": [one.app.version for one in first.values()],
            "organization_ids": [one.app.organization_id for one in first.values()],
            "workspaces": [one.workspace for one in first.values()],
            "counts": [one.count for one in first.values()],
            "now": now,
        },
    )


_NOTIFY_OF_CUSTOMERS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), 'customer:' || o.app_id || ':' || o.workspace,
           o.app_id, o.version, p.id, jsonb_build_object('count', o.many), :now, {_LANE_OF_PERSON}, :urgency
      FROM unnest(:ids, :versions, :organization_ids, :workspaces, :counts)
        AS o (app_id, version, organization_id, workspace, many)
      JOIN person p ON p.organization_id = o.organization_id AND p.removed_at IS NULL
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    ids=Uuids(),
    versions=Integers(),
    organization_ids=Uuids(),
    workspaces=Texts(),
    counts=Integers(),
)


def notify_people(
    session: Session,
    kind: NotificationKind,
    cause: str,
    people: Sequence[UUID],
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Notifies each of `people` of something that is not about an App, once for each `cause`. Does not commit.

    `data` holds the values for the text. Removed people are notified too, because one kind tells them of their removal.
    """
    session.execute(_NOTIFY_PEOPLE, {"ids": list(people), **_values(kind, cause, now, data)})


def notify_reviewers(
    session: Session, kind: NotificationKind, cause: str, now: datetime, data: Mapping[str, object] | None = None
) -> None:
    """Notifies all reviewers of something that is not about an App, once for each `cause`. Does not commit."""
    session.execute(_NOTIFY_REVIEWERS, _values(kind, cause, now, data))


def notify_address(
    session: Session,
    kind: NotificationKind,
    cause: str,
    email: str,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Notifies a mail address that belongs to no person yet, once for each `cause`. Does not commit.

    `data` holds the values for the text, `name` among them.
    """
    session.execute(_NOTIFY_ADDRESS, {"email": email, "lane": mail_lane(email), **_values(kind, cause, now, data)})


def void_notifications(session: Session, causes: Sequence[str]) -> None:
    """Voids the unsent notifications of `causes` and deletes the encrypted codes in them. Does not commit."""
    session.execute(_VOID, {"causes": list(causes)})


def void_reminders(session: Session, app_ids: Sequence[UUID]) -> None:
    """Voids the unsent notifications to reviewers about the Apps' reviews. Does not commit."""
    session.execute(_VOID_REMINDERS, {"ids": list(app_ids), "kinds": [kind.value for kind in sorted(REVIEW_REMINDERS)]})


def mark_reviews(session: Session, now: datetime, *, limit: int = 10_000) -> int:
    """Marks up to `limit` open reviews that are due soon or overdue, and notifies the holder or else all reviewers.

    Returns how many it marked. Leaves reviews that others have locked. Writes the marks and their notifications in one
    statement, so a reviewer is notified once of each. Does not commit.
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
                         WHERE id = ANY(ARRAY(SELECT id FROM review
                                               WHERE closed_at IS NULL AND {mark} IS NULL AND {due} <= :now
                                               ORDER BY {due} LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
                        RETURNING id, app_id, claimed_by
                    ), told AS (
                        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at,
                                                  lane, urgency)
                        SELECT uuidv7(), :kind, 'review:' || m.id || ':' || :kind, m.app_id, a.version, p.id,
                               '{{}}', :now, {_LANE_OF_PERSON}, :urgency
                          FROM marked m JOIN app a ON a.id = m.app_id
                          JOIN person p ON p.removed_at IS NULL
                               AND (p.id = m.claimed_by OR (m.claimed_by IS NULL AND p.role = 'reviewer'))
                        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
                    )
                    SELECT id FROM marked
                """).bindparams(bindparam("kind", type_=Text)),
                {"now": now, "limit": limit - marked, **_kind(kind)},
            ).all()
        )
    return marked


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is notified of something about an App, once for each `cause`."""

    app_id: UUID
    person_id: UUID
    cause: str


_NOTIFY_OF_APPS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), t.cause, a.id, a.version, p.id, '{{}}', :now, {_LANE_OF_PERSON}, :urgency
      FROM unnest(:app_ids, :person_ids, :causes) AS t (app_id, person_id, cause)
      JOIN app a ON a.id = t.app_id JOIN person p ON p.id = t.person_id AND p.removed_at IS NULL
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    app_ids=Uuids(),
    person_ids=Uuids(),
    causes=Texts(),
)


def notify_of_apps(session: Session, kind: NotificationKind, recipients: Sequence[Recipient], now: datetime) -> None:
    """Notifies each of `recipients` who has not been removed. One statement. Does not commit."""
    if not recipients:
        return
    session.execute(
        _NOTIFY_OF_APPS,
        {
            **_kind(kind),
            "app_ids": [one.app_id for one in recipients],
            "person_ids": [one.person_id for one in recipients],
            "causes": [one.cause for one in recipients],
            "now": now,
        },
    )


def _kind(kind: NotificationKind) -> dict[str, object]:
    return {"kind": kind.value, "urgency": kind.urgency.value}


def _values(kind: NotificationKind, cause: str, now: datetime, data: Mapping[str, object] | None) -> dict[str, object]:
    return {**_kind(kind), "cause": cause, "now": now, "data": json.dumps(dict(data or {}))}


_TYPED = (bindparam("kind", type_=Text), bindparam("cause", type_=Text))

_NOTIFY_PEOPLE = statement(
    f"""
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), :kind, :cause, p.id, CAST(:data AS jsonb), :now, {_LANE_OF_PERSON}, :urgency
      FROM person p WHERE p.id = ANY(:ids)
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    ids=Uuids(),
).bindparams(*_TYPED)

_NOTIFY_REVIEWERS = text(f"""
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), :kind, :cause, p.id, CAST(:data AS jsonb), :now, {_LANE_OF_PERSON}, :urgency
      FROM person p WHERE p.role = 'reviewer' AND p.removed_at IS NULL
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
""").bindparams(*_TYPED)

_NOTIFY_ADDRESS = text("""
    INSERT INTO notification (id, kind, cause, recipient_email, data, due_at, lane, urgency)
    VALUES (uuidv7(), :kind, :cause, :email, CAST(:data AS jsonb), :now, :lane, :urgency)
    ON CONFLICT (cause, recipient_email, channel) WHERE recipient_email IS NOT NULL DO NOTHING
""").bindparams(*_TYPED)

_VOID_REMINDERS = statement(
    "UPDATE notification SET status = 'void' WHERE app_id = ANY(:ids) AND status = 'due' AND kind = ANY(:kinds)",
    ids=Uuids(),
    kinds=Texts(),
)

_VOID = statement(
    """
    UPDATE notification SET status = 'void', leased_until = NULL, data = data - 'sealed'
     WHERE cause = ANY(:causes) AND status IN ('due', 'dead')
    """,
    causes=Texts(),
)
