"""Companies, and the people who act for them or for the platform."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.lifecycle import Role


class Organization(Base):
    """A partner company. `domain` is the registrable domain of its website; it identifies the company and is unique."""

    __tablename__ = "organization"

    id: Mapped[Id]
    name: Mapped[str]
    website: Mapped[str]
    domain: Mapped[str | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
        Index("organization_domain_key", "domain", unique=True),
    )


class Person(Base):
    """A human actor. A partner belongs to an organization; a reviewer or an admin belongs to the platform.

    An organization has one `owner`: the first of its people, until they hand ownership over. An owner cannot be
    removed. `news_off` has the kinds of news that the person does not want by mail. Until `away_until` a reviewer or an
    admin is handed no review. They read times in `time_zone`, None for UTC.
    """

    __tablename__ = "person"

    id: Mapped[Id]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    email: Mapped[str]
    owner: Mapped[bool] = mapped_column(server_default=text("false"))
    news_off: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    away_until: Mapped[datetime | None]
    time_zone: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", [Role.PARTNER, Role.REVIEWER, Role.ADMIN]),
        CheckConstraint("(role = 'partner') = (organization_id IS NOT NULL)", name="belongs"),
        CheckConstraint("length(time_zone) BETWEEN 1 AND 64", name="time_zone"),
        CheckConstraint("NOT owner OR (organization_id IS NOT NULL AND removed_at IS NULL)", name="owner"),
        Index("person_staff_idx", "id", postgresql_where=text("organization_id IS NULL")),
        Index("person_owner_key", "organization_id", unique=True, postgresql_where=text("owner")),
        Index(
            "person_email_key",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
