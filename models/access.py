"""A company's request to take part, and the one-time invitation that an approval issues."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.lifecycle import AccessState, Role


class AccessRequest(Base):
    """A request for access with its plan and survey. Approval ties it to an organization."""

    __tablename__ = "access_request"

    id: Mapped[Id]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    company_name: Mapped[str]
    website: Mapped[str]
    contact_name: Mapped[str]
    contact_email: Mapped[str]
    plan: Mapped[str]
    survey: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16), server_default=AccessState.REQUESTED)
    requested_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision_reason: Mapped[str | None]

    __table_args__ = (
        one_of("state", AccessState),
        CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("state <> 'approved' OR organization_id IS NOT NULL", name="approved"),
        CheckConstraint("state <> 'declined' OR decision_reason IS NOT NULL", name="declined"),
    )


class Invitation(Base):
    """A one-time code, kept only as its SHA-256, that is exchanged for a person and a first token."""

    __tablename__ = "invitation"

    id: Mapped[Id]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), index=True)
    access_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_request.id"), index=True)
    role: Mapped[str] = mapped_column(String(16), server_default=Role.PARTNER)
    email: Mapped[str]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)

    __table_args__ = (
        one_of("role", [Role.PARTNER]),
        CheckConstraint("length(code_hash) = 32", name="code_hash"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
    )
