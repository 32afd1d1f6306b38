"""Bearer tokens and the internal services that hold some of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.lifecycle import Role


class Scope(StrEnum):
    """What a token may be used for, within the rights of its role. Each route declares the scope that it needs."""

    APPS_READ = "apps:read"
    APPS_WRITE = "apps:write"
    TRANSITIONS_REQUEST = "transitions:request"
    USAGE_REPORT = "usage:report"
    TESTS_REPORT = "tests:report"
    PEOPLE_MANAGE = "people:manage"
    ACCESS_DECIDE = "access:decide"
    REVIEWS_READ = "reviews:read"
    REVIEWS_DECIDE = "reviews:decide"
    ADMIN = "admin"


_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)


class Service(Base):
    """An internal service that requests transitions and reports customers."""

    __tablename__ = "service"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[CreatedAt]


class ApiToken(Base):
    """A bearer token of a person or a service. The token itself is shown once; only its SHA-256 is stored.

    `scopes` narrows what it may be used for; NULL allows everything that its role allows.
    """

    __tablename__ = "api_token"

    id: Mapped[Id]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
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
        CheckConstraint(f"scopes <@ ARRAY[{_SCOPES}]", name="scopes"),
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
    )
