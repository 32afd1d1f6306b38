"""What the sandbox of streams keeps: the events that came, and what came of each event that a stream declares."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, one_of

RECEIVED_TYPES = ("identify", "track", "page", "screen", "group", "alias", "delete", "other")
"""The types that a received event may have. An event without a type of the Spec has the last one."""
MAX_MESSAGE_ID = 100
"""Characters of a `messageId`, by the Spec."""
MAX_EVENT_NAME = 200

TRACKED_STREAM = """
CREATE VIEW tracked_stream WITH (security_barrier = true) AS
    SELECT c.id AS component_id, a.slug AS app_slug, c.write_key_hash, c.revision, c.settings -> 'events' AS events
      FROM component c JOIN app a ON a.id = c.app_id
     WHERE c.kind = 'stream' AND c.write_key_hash IS NOT NULL AND c.removed_at IS NULL AND a.state <> 'removed'
"""
"""The view through which `devcenter tracking` knows streams. It is all that it may read of Components and Apps."""


class SandboxEvent(Base):
    """An event that a stream sent to the sandbox, and the judgement on it.

    A stream has a ring of them: the newest ones of a few days. `position` is the order of arrival. `message_id` is the
    sender's, or stands for one that is too long. `declared` is the declared event that it counts for; one that was
    `tried` was sent by the service for the partner and counts for nothing. `event` and `body` hold what strangers do,
    so both are personal data.

    Components are never deleted, and a foreign key would cost a lookup for each event, so there is none.
    """

    __tablename__ = "sandbox_event"

    component_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    component_revision: Mapped[int]
    message_id: Mapped[str] = mapped_column(String(MAX_MESSAGE_ID))
    type: Mapped[str] = mapped_column(String(8))
    event: Mapped[str | None] = mapped_column(String(MAX_EVENT_NAME))
    declared: Mapped[str | None]
    received_at: Mapped[CreatedAt]
    body: Mapped[Any] = mapped_column(JSON)
    valid: Mapped[bool]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    tried: Mapped[bool] = mapped_column(server_default=false())

    __table_args__ = (
        one_of("type", RECEIVED_TYPES),
        Index("sandbox_event_message_key", "component_id", "message_id", unique=True),
        Index(None, "received_at"),
    )


class SandboxDeclared(Base):
    """What came of one declared event of a stream since its revision `component_revision`.

    `valid` counts the valid events. `latest_findings` are those of the newest event, empty if it has none.
    """

    __tablename__ = "sandbox_declared"

    component_id: Mapped[UUID] = mapped_column(ForeignKey("component.id"), primary_key=True)
    component_revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(primary_key=True)
    valid: Mapped[int] = mapped_column(BigInteger)
    invalid: Mapped[int] = mapped_column(BigInteger)
    warned: Mapped[bool]
    latest_at: Mapped[CreatedAt]
    latest_valid_at: Mapped[datetime | None]
    latest_findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("valid >= 0 AND invalid >= 0", name="counts"),
        CheckConstraint("(valid = 0) = (latest_valid_at IS NULL)", name="latest_valid"),
    )
