"""Writing notifications, in the transaction of their cause."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models.due import NO_LANE
from workflow.errors import Conflict
from workflow.identity.staff import holder_or_team, team
from workflow.notifications.kinds import MAX_ONBOARDED_TOLD, OF_GRACE, REVIEW_REMINDERS, Audience, NotificationKind
from workflow.notifications.mailboxes import mailbox_of
from workflow.notifications.spacing import SPACED_TRANSITIONS, insert_spaced
from workflow.sql.arrays import Integers, Texts, Uuids, statement
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.lanes import mail_lane

MAX_MAILS_TO_MAILBOX = 5
"""Mails that one company may cause for one mailbox of an outsider within a day."""
MAX_MAILS_TO_MAILBOX_OF_ALL = 10
"""Mails that all companies together may cause for one mailbox of an outsider within a day."""
MAX_MAILS_OF_COMPANY = 100
"""Mails to outsiders that one company may cause within a day."""

_TEAM = f"WITH team AS MATERIALIZED ({team()})"
_HOLDER = "(SELECT r.claimed_by FROM review r WHERE r.app_id = t.app_id AND r.closed_at IS NULL)"
_ASKER = "(SELECT x.actor_id FROM transition x WHERE x.app_id = t.app_id AND x.version = t.version)"
_FIRST_PERSON = (
    f"coalesce((SELECT r.decider FROM review r WHERE r.app_id = t.app_id AND r.closed_at IS NULL), {_ASKER})"
)
_RECIPIENTS = {
    Audience.PARTNER: ("", "person p ON p.organization_id = t.organization_id AND p.removed_at IS NULL"),
    Audience.REVIEWERS: (_TEAM, f"LATERAL ({holder_or_team(_HOLDER)}) p ON true"),
    Audience.HOLDER: ("", f"person p ON p.id = {_HOLDER} AND p.removed_at IS NULL"),
    Audience.SECOND_PERSON: ("", f"LATERAL ({team(_FIRST_PERSON)}) p ON true"),
    Audience.SECOND_ADMIN: ("", f"person p ON p.role = 'admin' AND p.removed_at IS NULL AND p.id <> {_ASKER}"),
}


LANE_OF_PERSON = f"coalesce(nullif(lower(split_part(p.email, '@', -1)), ''), '{NO_LANE}')"
"""What `mail_lane` says of the address of the person `p`, in SQL. Every statement that mails people uses it."""


class AppAtVersion(NamedTuple):
    """An App, a version of it, and its company."""

    id: UUID
    version: int
    organization_id: UUID


def notify_of_transitions(
    session: Session, kind: NotificationKind, audience: Audience, apps: Sequence[AppAtVersion], now: datetime
) -> None:
    """Notifies each recipient of the transition of each of `apps` to its version. One statement. Does not commit.

    Mails of what a partner can cause over and over are spaced out (`workflow.notifications.spacing`).
    """
    ids, versions, organization_ids = zip(*apps, strict=True)
    wanted = {
        **_kind(kind),
        "ids": ids,
        "versions": versions,
        "organization_ids": organization_ids,
        "now": now,
    }
    session.execute((_NOTIFY_SPACED if kind in SPACED_TRANSITIONS else _NOTIFY_OF_TRANSITIONS)[audience], wanted)


_NOTIFY_SPACED = {
    audience: statement(
        insert_spaced(
            f"""
            SELECT t.app_id, t.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane,
                   'transition:' || t.app_id || ':' || t.version || ':' || CAST(:kind AS text) AS cause
              FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
              JOIN {recipients}
            """,
            team_of,
        ),
        ids=Uuids(),
        versions=Integers(),
        organization_ids=Uuids(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}

_NOTIFY_OF_TRANSITIONS = {
    audience: statement(
        f"""
        {team_of}
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
               t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
          FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
          JOIN {recipients}
        """,
        ids=Uuids(),
        versions=Integers(),
        organization_ids=Uuids(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}


def notify_of_flags(session: Session, apps: Sequence[AppAtVersion], now: datetime) -> None:
    """Notifies the companies of what a health review found, each App at the version of its flag. Does not commit.

    Once the clock of their time to mend runs, they are told only of steps that the flag before had not found failed.
    The review must be closed already. One statement.
    """
    ids, versions, organization_ids = zip(*apps, strict=True)
    values = {"ids": ids, "versions": versions, "organization_ids": organization_ids, "now": now}
    session.execute(_NOTIFY_OF_FLAGS, {**_kind(NotificationKind.FLAGGED), **values})


_NOTIFY_OF_FLAGS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
           t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
      FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
      JOIN grace_period g ON g.app_id = t.app_id AND g.ended_at IS NULL
      JOIN person p ON p.organization_id = t.organization_id AND p.removed_at IS NULL
     WHERE g.began_at IS NULL OR EXISTS (
           SELECT step.code
             FROM (SELECT id FROM review WHERE app_id = t.app_id AND outcome = 'flagged'
                    ORDER BY opened_version DESC LIMIT 1) found
             JOIN review_step step ON step.review_id = found.id
            WHERE step.state = 'failed' AND NOT step.observed
           EXCEPT
           SELECT step.code
             FROM (SELECT id FROM review WHERE app_id = t.app_id AND outcome = 'flagged'
                    ORDER BY opened_version DESC LIMIT 1 OFFSET 1) before
             JOIN review_step step ON step.review_id = before.id
            WHERE step.state = 'failed' AND NOT step.observed)
    """,
    ids=Uuids(),
    versions=Integers(),
    organization_ids=Uuids(),
)


@dataclass(frozen=True, slots=True)
class Onboarded:
    """An App that got a customer, and its number of customers then."""

    app: AppAtVersion
    count: int


def notify_of_customers(session: Session, onboarded: Sequence[Onboarded], now: datetime) -> None:
    """Notifies each App's company of its first MAX_ONBOARDED_TOLD customers, once of each number. Does not commit.

    One statement. Nobody is notified who has switched this news off.
    """
    first: dict[tuple[UUID, int], Onboarded] = {}
    for one in onboarded:
        if one.count <= MAX_ONBOARDED_TOLD:
            first.setdefault((one.app.id, one.count), one)
    if not first:
        return
    session.execute(
        _NOTIFY_OF_CUSTOMERS,
        {
            **_kind(NotificationKind.CUSTOMER_ONBOARDED),
            "ids": [one.app.id for one in first.values()],
            "versions": [one.app.version for one in first.values()],
            "organization_ids": [one.app.organization_id for one in first.values()],
            "counts": [one.count for one in first.values()],
            "now": now,
        },
    )


_NOTIFY_OF_CUSTOMERS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), 'customer:' || o.app_id || ':' || o.many,
           o.app_id, o.version, p.id, jsonb_build_object('count', o.many), :now, {LANE_OF_PERSON}, :urgency
      FROM unnest(:ids, :versions, :organization_ids, :counts) AS o (app_id, version, organization_id, many)
      JOIN person p ON p.organization_id = o.organization_id AND p.removed_at IS NULL
                   AND NOT CAST(:kind AS text) = ANY(p.news_off)
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    ids=Uuids(),
    versions=Integers(),
    organization_ids=Uuids(),
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
    """Notifies the team of something that is not about an App, once for each `cause`. Does not commit."""
    session.execute(_NOTIFY_REVIEWERS, _values(kind, cause, now, data))


def notify_address(
    session: Session,
    kind: NotificationKind,
    cause: str,
    email: str,
    now: datetime,
    data: Mapping[str, object] | None = None,
    *,
    in_name_of: UUID | None = None,
) -> None:
    """Notifies a mail address that belongs to no person yet, once for each `cause`. Does not commit.

    `data` holds the values for the text, `name` among them. `in_name_of` is the company whose people cause the mail by
    a call of theirs: such mails are bounded for each mailbox and for the company. Raises Conflict (mail.too_many).
    """
    mailbox = None
    if in_name_of is not None:
        mailbox = mailbox_of(email)
        _bound_mails(session, email, mailbox, in_name_of, now)
    values = {"email": email, "lane": mail_lane(email), "mailbox": mailbox, "organization_id": in_name_of}
    session.execute(_NOTIFY_ADDRESS, {**values, **_values(kind, cause, now, data)})


def _bound_mails(session: Session, email: str, mailbox: str, organization_id: UUID, now: datetime) -> None:
    """Raises Conflict (mail.too_many) if a bound of the day is reached. Locks the mailbox and the company's count."""
    lock_names(session, LockSpace.MAILBOX, mailbox, str(organization_id))
    counted = {"mailbox": mailbox, "organization_id": organization_id, "since": now - timedelta(days=1)}
    to_mailbox, from_company, from_company_to_mailbox = session.execute(_COUNT_MAILS, counted).one()
    if from_company_to_mailbox >= MAX_MAILS_TO_MAILBOX or to_mailbox >= MAX_MAILS_TO_MAILBOX_OF_ALL:
        detail = f"{email} has been sent as many mails as anybody may cause for one mailbox within a day."
        raise Conflict("mail.too_many", detail, "Ask them to look for the mails, junk included, or wait a day.")
    if from_company >= MAX_MAILS_OF_COMPANY:
        detail = f"{MAX_MAILS_OF_COMPANY} mails were sent in the company's name within a day, the most that may be."
        raise Conflict("mail.too_many", detail, "Wait a day.")


def void_notifications(session: Session, causes: Sequence[str]) -> None:
    """Voids the unsent notifications of `causes` and deletes the encrypted codes in them. Does not commit."""
    session.execute(_VOID, {"causes": list(causes)})


def void_reminders(session: Session, app_ids: Sequence[UUID]) -> None:
    """Voids the unsent notifications to reviewers about the Apps' reviews. Does not commit."""
    session.execute(_VOID_REMINDERS, {"ids": list(app_ids), "kinds": [kind.value for kind in sorted(REVIEW_REMINDERS)]})


def void_grace_notices(session: Session, app_ids: Sequence[UUID]) -> None:
    """Voids the unsent notifications of what was to be mended in the Apps, for it is settled. Does not commit."""
    kinds = [kind.value for kind in sorted(OF_GRACE)]
    session.execute(_VOID_GRACE_NOTICES, {"ids": list(app_ids), "kinds": kinds})


def mark_reviews(session: Session, now: datetime, *, limit: int = 10_000) -> int:
    """Marks up to `limit` open reviews that are due soon or overdue, and notifies the holder or else the team.

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
                    {_TEAM}, marked AS (
                        UPDATE review SET {mark} = :now
                         WHERE id = ANY(ARRAY(SELECT id FROM review
                                               WHERE closed_at IS NULL AND needs_person AND {mark} IS NULL
                                                 AND {due} <= :now
                                               ORDER BY {due} LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
                        RETURNING id, app_id, claimed_by
                    ), told AS (
                        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at,
                                                  lane, urgency)
                        SELECT uuidv7(), :kind, 'review:' || m.id || ':' || :kind, m.app_id, a.version, p.id,
                               '{{}}', :now, {LANE_OF_PERSON}, :urgency
                          FROM marked m JOIN app a ON a.id = m.app_id
                          JOIN LATERAL ({holder_or_team("m.claimed_by")}) p ON true
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


_TO_PEOPLE = f"""
    SELECT a.id AS app_id, a.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane, t.cause
      FROM unnest(:ids, :person_ids, :causes) AS t (app_id, person_id, cause)
      JOIN app a ON a.id = t.app_id JOIN person p ON p.id = t.person_id AND p.removed_at IS NULL
"""
_NOTIFY_OF_APPS = statement(insert_spaced(_TO_PEOPLE), ids=Uuids(), person_ids=Uuids(), causes=Texts())


def notify_of_apps(session: Session, kind: NotificationKind, recipients: Sequence[Recipient], now: datetime) -> None:
    """Notifies each of `recipients` who has not been removed, and spaces mails out. One statement. Does not commit."""
    if not recipients:
        return
    session.execute(
        _NOTIFY_OF_APPS,
        {
            **_kind(kind),
            "ids": [one.app_id for one in recipients],
            "person_ids": [one.person_id for one in recipients],
            "causes": [one.cause for one in recipients],
            "now": now,
        },
    )


@dataclass(frozen=True, slots=True)
class AppAndCause:
    """An App of which an audience is notified, once for each `cause`."""

    app_id: UUID
    cause: str


def notify_of_causes(
    session: Session, kind: NotificationKind, audience: Audience, about: Sequence[AppAndCause], now: datetime
) -> None:
    """Notifies each recipient of each of `about`, at its App's present version. One statement. Does not commit."""
    values = {"ids": [one.app_id for one in about], "causes": [one.cause for one in about], "now": now}
    session.execute(_NOTIFY_OF_CAUSES[audience], {**_kind(kind), **values})


_NOTIFY_OF_CAUSES = {
    audience: statement(
        f"""
        {team_of}
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), t.cause, t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON},
               :urgency
          FROM (SELECT asked.cause, a.id AS app_id, a.version, a.organization_id
                  FROM unnest(:ids, :causes) AS asked (app_id, cause) JOIN app a ON a.id = asked.app_id) t
          JOIN {recipients}
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
        """,
        ids=Uuids(),
        causes=Texts(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}


@dataclass(frozen=True, slots=True)
class Unheld:
    """A review of an App that nobody holds any more, once for each `cause`. `former` held it, and is not told."""

    app_id: UUID
    former: UUID
    cause: str


_TO_TEAM = f"""
    SELECT a.id AS app_id, a.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane, t.cause
      FROM unnest(:ids, :former, :causes) AS t (app_id, former, cause)
      JOIN app a ON a.id = t.app_id JOIN LATERAL ({team("t.former")}) p ON true
"""
_NOTIFY_TEAM = statement(insert_spaced(_TO_TEAM), ids=Uuids(), former=Uuids(), causes=Texts())


def notify_team_of_unheld(session: Session, unheld: Sequence[Unheld], now: datetime) -> None:
    """Notifies the team that these reviews wait in the queue, and spaces mails out. One statement. Does not commit."""
    if not unheld:
        return
    session.execute(
        _NOTIFY_TEAM,
        {
            **_kind(NotificationKind.REVIEW_UNHELD),
            "ids": [one.app_id for one in unheld],
            "former": [one.former for one in unheld],
            "causes": [one.cause for one in unheld],
            "now": now,
        },
    )


_NOTIFY_OF_UNCONFIRMED = statement(
    f"""
    WITH late AS (
        UPDATE suspension s SET told_at = :now
          FROM unnest(:app_ids, :versions) AS t (app_id, version)
         WHERE s.app_id = t.app_id AND s.version = t.version
        RETURNING s.app_id, s.version, s.suspended_by
    ), told AS (
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), 'unconfirmed-' || late.app_id || '-' || late.version,
               late.app_id, late.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
          FROM late JOIN LATERAL ({team("late.suspended_by")}) p ON true
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT count(*) FROM late
    """,
    app_ids=Uuids(),
    versions=Integers(),
)


def notify_of_unconfirmed(session: Session, late: Sequence[tuple[UUID, int]], now: datetime) -> int:
    """Notifies the team, without who suspended, of suspensions that nobody confirmed, and marks them as told of.

    Returns how many it marked. One statement. Does not commit.
    """
    if not late:
        return 0
    ids, versions = zip(*late, strict=True)
    wanted = {**_kind(NotificationKind.SUSPENSION_UNCONFIRMED), "app_ids": ids, "versions": versions, "now": now}
    return int(session.scalar(_NOTIFY_OF_UNCONFIRMED, wanted) or 0)


_NOTIFY_OF_STRANDED = statement(
    f"""
    WITH marked AS (
        UPDATE review SET stranded_at = :now WHERE id = ANY(:ids) RETURNING id, app_id
    ), told AS (
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), 'stranded-' || m.id, m.app_id, a.version, p.id, '{{}}', :now,
               {LANE_OF_PERSON}, :urgency
          FROM marked m JOIN app a ON a.id = m.app_id JOIN person p ON p.role = 'admin' AND p.removed_at IS NULL
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT count(*) FROM marked
    """,
    ids=Uuids(),
)


def notify_of_stranded(session: Session, ids: Sequence[UUID], now: datetime) -> int:
    """Notifies the admins of appeals that nobody may take, and marks these reviews. Returns how many it marked.

    One statement. Does not commit.
    """
    if not ids:
        return 0
    wanted = {**_kind(NotificationKind.APPEAL_STRANDED), "ids": list(ids), "now": now}
    return int(session.scalar(_NOTIFY_OF_STRANDED, wanted) or 0)


def _kind(kind: NotificationKind) -> dict[str, object]:
    return {"kind": kind.value, "urgency": kind.urgency.value}


def _values(kind: NotificationKind, cause: str, now: datetime, data: Mapping[str, object] | None) -> dict[str, object]:
    return {**_kind(kind), "cause": cause, "now": now, "data": json.dumps(dict(data or {}))}


_TYPED = (bindparam("kind", type_=Text), bindparam("cause", type_=Text))

_NOTIFY_PEOPLE = statement(
    f"""
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), :kind, :cause, p.id, CAST(:data AS jsonb), :now, {LANE_OF_PERSON}, :urgency
      FROM person p WHERE p.id = ANY(:ids)
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    ids=Uuids(),
).bindparams(*_TYPED)

_NOTIFY_REVIEWERS = text(f"""
    {_TEAM}
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), :kind, :cause, p.id, CAST(:data AS jsonb), :now, {LANE_OF_PERSON}, :urgency
      FROM team p
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
""").bindparams(*_TYPED)

_NOTIFY_ADDRESS = text("""
    INSERT INTO notification (id, kind, cause, recipient_email, data, due_at, lane, urgency, mailbox, organization_id)
    VALUES (uuidv7(), :kind, :cause, :email, CAST(:data AS jsonb), :now, :lane, :urgency, CAST(:mailbox AS text),
            CAST(:organization_id AS uuid))
    ON CONFLICT (cause, recipient_email, channel) WHERE recipient_email IS NOT NULL DO NOTHING
""").bindparams(*_TYPED)

_COUNT_MAILS = text("""
    SELECT (SELECT count(*) FROM notification WHERE mailbox = :mailbox AND created_at > :since),
           (SELECT count(*) FROM notification WHERE organization_id = :organization_id AND created_at > :since),
           (SELECT count(*) FROM notification
             WHERE mailbox = :mailbox AND organization_id = :organization_id AND created_at > :since)
""")

_VOID_REMINDERS = statement(
    "UPDATE notification SET status = 'void' WHERE app_id = ANY(:ids) AND status = 'due' AND kind = ANY(:kinds)",
    ids=Uuids(),
    kinds=Texts(),
)

_VOID_GRACE_NOTICES = statement(
    """
    UPDATE notification SET status = 'void', leased_until = NULL
     WHERE app_id = ANY(:ids) AND status IN ('due', 'dead') AND kind = ANY(:kinds)
    """,
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
