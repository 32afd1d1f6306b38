"""The App: a company's integration, and the one row that holds its state."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.lifecycle import NO_REVIEW, AppState

SKELETON = "replace(replace(translate(replace(replace(slug, 'rn', 'm'), 'vv', 'w'), '01i', 'oll'), '-', ''), 'rn', 'm')"
"""The slug with characters that look alike replaced by one of them. It is unique, but for slugs that were
allowed to look like others; `workflow` computes it in Python."""


class App(Base):
    """An App. A deferred foreign key holds its state, version, open review and what is published to the log's head.

    `onboarded_customers` and `oauth_installed` are updated in the transaction that records a customer or an install,
    because the sweep for promotion reads them for all Apps at once. `revision` counts edits; an edit names the
    revision that it is based on. `proposal` is the version of the proposal that stands, 0 for none. `touched` names
    what was edited since the last publication. `looked_at` is when a review last found good what is public.
    `look_alike`: an admin allowed the slug although it looks like another.
    """

    __tablename__ = "app"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), index=True)
    created_by: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    open_kind: Mapped[str] = mapped_column(String(8), server_default=NO_REVIEW)
    open_review: Mapped[int] = mapped_column(server_default="0")
    published: Mapped[int] = mapped_column(server_default="0")
    proposal: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(server_default="1")
    touched: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    looked_at: Mapped[datetime | None]
    onboarded_customers: Mapped[int] = mapped_column(server_default="0")
    oauth_installed: Mapped[bool] = mapped_column(server_default=text("false"))
    look_alike: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("state", AppState),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("onboarded_customers >= 0", name="onboarded_customers"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
        ForeignKeyConstraint(
            ["id", "version", "state", "open_kind", "open_review", "published"],
            [
                "transition.app_id",
                "transition.version",
                "transition.to_state",
                "transition.open_kind",
                "transition.open_review",
                "transition.published",
            ],
            name="app_head_fkey",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index(
            "app_promotion_candidate_idx",
            "onboarded_customers",
            "id",
            postgresql_where=text("state = 'public_beta' AND oauth_installed"),
        ),
        Index(
            "app_looked_at_idx",
            "looked_at",
            "id",
            postgresql_where=text("state IN ('public_beta', 'public') AND open_kind = 'none'"),
        ),
        Index("app_slug_once_key", text(f"({SKELETON})"), unique=True, postgresql_where=text("NOT look_alike")),
    )


class AllowedSlug(Base):
    """A slug that an admin allowed a company to use although it looks like another."""

    __tablename__ = "allowed_slug"

    slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    allowed_by: Mapped[UUID]
    allowed_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),)
