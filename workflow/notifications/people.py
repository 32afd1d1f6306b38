"""Writing and voiding notifications that are about no App, in the transaction of their cause."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from workflow.errors import Conflict
from workflow.identity.staff import WITH_TEAM
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mailboxes import mailbox_of
from workflow.sql.arrays import Texts, Uuids, statement
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.lanes import LANE_OF_PERSON, mail_lane

MAX_MAILS_TO_MAILBOX = 5
"""Mails that one company may cause for one mailbox of an outsider within a day."""
MAX_MAILS_TO_MAILBOX_OF_ALL = 10
"""Mails that all companies together may cause for one mailbox of an outsider within a day."""
MAX_MAILS_OF_COMPANY = 100
"""Mails to outsiders that one company may cause within a day."""


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


def void_notifications(session: Session, causes: Sequence[str]) -> None:
    """Voids the unsent notifications of `causes` and deletes the encrypted codes in them. Does not commit."""
    session.execute(_VOID, {"causes": list(causes)})


def pass_on(session: Session, causes: Sequence[str], former: UUID, to: UUID) -> None:
    """Addresses the notifications of `causes` that were not sent yet to another person. Does not commit.

    One that is being sent at this moment still goes to the former.
    """
    session.execute(_PASS_ON, {"causes": list(causes), "former": former, "to": to})


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


def _values(kind: NotificationKind, cause: str, now: datetime, data: Mapping[str, object] | None) -> dict[str, object]:
    return {**kind.columns(), "cause": cause, "now": now, "data": json.dumps(dict(data or {}))}


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
    {WITH_TEAM}
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

_VOID = statement(
    """
    UPDATE notification SET status = 'void', leased_until = NULL, data = data - 'sealed'
     WHERE cause = ANY(:causes) AND status IN ('due', 'dead')
    """,
    causes=Texts(),
)

_PASS_ON = statement(
    f"""
    UPDATE notification n SET recipient_id = p.id, lane = {LANE_OF_PERSON}
      FROM person p
     WHERE p.id = :to AND n.cause = ANY(:causes) AND n.recipient_id = :former AND n.status IN ('due', 'dead')
       AND n.leased_until IS NULL
       AND NOT EXISTS (SELECT FROM notification o
                        WHERE o.cause = n.cause AND o.recipient_id = p.id AND o.channel = n.channel)
    """,
    causes=Texts(),
)
