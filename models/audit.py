"""Who did what over HTTP or at the command line, and the answers kept for repeated calls."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt


class AuditEntry(Base):
    """One state-changing call: its actor, what it did and to what. Append-only."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[CreatedAt]
    actor_id: Mapped[UUID]
    actor_role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "actor_id", "at", "id"),
        Index(None, "action", "at", "id"),
        Index(None, "target", "at", "id"),
    )


class IdempotencyKey(Base):
    """The answer given to a creating call, kept so that the same call with the same key gets it again."""

    __tablename__ = "idempotency_key"

    principal_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    status_code: Mapped[int] = mapped_column(SmallInteger)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "created_at"),)
