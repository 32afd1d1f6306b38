"""Bearer tokens and the internal services that hold some of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.lifecycle import Role


class Service(Base):
    """An internal service that enqueues transitions and reports customers."""

    __tablename__ = "service"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[CreatedAt]


class ApiToken(Base):
    """A bearer token of a person or a service. The token itself is shown once and kept only as its SHA-256."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", [Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN]),
        CheckConstraint("num_nonnulls(person_id, service_id) = 1", name="holder"),
        CheckConstraint("(role = 'service') = (service_id IS NOT NULL)", name="service"),
        CheckConstraint("(role = 'partner') = (organization_id IS NOT NULL)", name="organization"),
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
    )
