"""Tokens: those that programs send with each call, sessions of browsers, and links that begin a session."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
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


class TokenKind(StrEnum):
    """How a token comes: as the bearer token of a call, or in the cookie of a browser, which opens pages only."""

    BEARER = "bearer"
    SESSION = "session"


_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)


class Service(Base):
    """An internal service that requests transitions and reports customers."""

    __tablename__ = "service"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[CreatedAt]


class ApiToken(Base):
    """A bearer token of a person or a service, or a person's session. Only the token's SHA-256 is stored.

    `scopes` narrows what it may be used for; NULL allows everything that its role allows. A session began at
    `authenticated_at`, when the person signed in, and ends at `idle_ends_at` unless it is used before that.
    """

    __tablename__ = "api_token"

    id: Mapped[Id]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    kind: Mapped[str] = mapped_column(String(16), server_default=TokenKind.BEARER)
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    authenticated_at: Mapped[datetime | None]
    idle_ends_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", TokenKind),
        one_of("role", [Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN]),
        CheckConstraint("num_nonnulls(person_id, service_id) = 1", name="holder"),
        CheckConstraint("(role = 'service') = (service_id IS NOT NULL)", name="service"),
        CheckConstraint("(role = 'partner') = (organization_id IS NOT NULL)", name="organization"),
        CheckConstraint(f"scopes <@ ARRAY[{_SCOPES}]", name="scopes"),
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
        CheckConstraint(
            "(kind = 'session') = (authenticated_at IS NOT NULL)"
            " AND (authenticated_at IS NULL) = (idle_ends_at IS NULL)",
            name="session",
        ),
        Index("api_token_session_idx", "expires_at", postgresql_where=text("kind = 'session'")),
    )


class PersonIdentity(Base):
    """Who a person is by an OpenID provider: its `issuer`, and its `subject` for them."""

    __tablename__ = "person_identity"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("person_id", "issuer"),
    )


class SignInLink(Base):
    """A link that begins a session of a person, once. Only the SHA-256 of its secret is stored.

    One that was mailed works in the browser that asked for it, whose secret is hashed in `browser_hash`; for another
    browser the mail has a code to be typed, and `tries` counts the wrong ones. `next_path` is the page to go on with.
    """

    __tablename__ = "sign_in_link"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    link_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_path: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "length(link_hash) = 32 AND length(browser_hash) = 32 AND length(code_hash) = 32", name="hashes"
        ),
        CheckConstraint("(browser_hash IS NULL) = (code_hash IS NULL)", name="browser"),
        Index("sign_in_link_browser_key", "browser_hash", unique=True),
        Index("sign_in_link_person_id_idx", "person_id", "created_at"),
        Index("sign_in_link_expires_at_idx", "expires_at"),
    )
