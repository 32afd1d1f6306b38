"""Notifications as due work: one row per cause, recipient and channel."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints

DIGEST: Final = "reviewer_digest"
"""The kind of reviewers' daily overview. One that was not sent is the only notification that is ever deleted."""


class Notification(DueMixin, Base):
    """One message to one person, or to the address of somebody who is not a person here yet (`recipient_email`).

    `cause` names the reason for the message, so that nobody is told twice for the same cause. A message about an App
    names it and the version for which it was written; a reminder about an older version is void. `data` holds what
    the text needs. `mailbox` and `organization_id` are set on messages that somebody outside has caused, which are
    bounded: the mailbox that the address leads to, and the company in whose name it is sent.
    """

    __tablename__ = "notification"

    id: Mapped[Id]
    kind: Mapped[Code]
    cause: Mapped[str]
    app_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.id"))
    app_version: Mapped[int | None]
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    recipient_email: Mapped[str | None]
    mailbox: Mapped[str | None]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    channel: Mapped[str] = mapped_column(String(16), server_default="email")
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        *due_constraints(),
        one_of("channel", ["email"]),
        CheckConstraint("num_nonnulls(recipient_id, recipient_email) = 1", name="recipient"),
        CheckConstraint("(app_id IS NULL) = (app_version IS NULL)", name="app"),
        UniqueConstraint("cause", "recipient_id", "channel", name="notification_once_key"),
        Index(
            "notification_once_by_email_key",
            "cause",
            "recipient_email",
            "channel",
            unique=True,
            postgresql_where=text("recipient_email IS NOT NULL"),
        ),
        Index("notification_app_idx", "app_id", "id"),
        Index("notification_mailbox_idx", "mailbox", "created_at", postgresql_where=text("mailbox IS NOT NULL")),
        Index(
            "notification_organization_idx",
            "organization_id",
            "created_at",
            postgresql_where=text("organization_id IS NOT NULL"),
        ),
        Index("notification_dead_idx", "id", postgresql_where=text("status = 'dead'")),
        Index(
            "notification_void_digest_idx",
            "created_at",
            postgresql_where=text(f"status = 'void' AND kind = '{DIGEST}'"),
        ),
    )
