"""Publications that are planned: what was approved for a day, and what is shown until then."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of


class PlanOutcome(StrEnum):
    """How a plan ended: what it is of was published, a later approval took its place, or the App was removed."""

    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class PlannedPublication(Base):
    """A day that an approval named, known by the approval's version. `published` is the submission that it approved.

    While it is open, `shown` is what everybody sees: the version that submitted what was published before, NULL for
    nothing. The row of the log that the `before` columns name had it published, so that nothing can be shown that
    nobody approved.
    """

    __tablename__ = "planned_publication"

    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published: Mapped[int]
    publish_at: Mapped[datetime]
    planned_by: Mapped[UUID]
    planned_at: Mapped[datetime]
    shown: Mapped[int | None]
    before_version: Mapped[int | None]
    before_state: Mapped[str | None] = mapped_column(String(16))
    before_open_kind: Mapped[str | None] = mapped_column(String(8))
    before_open_review: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("outcome", PlanOutcome),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint(
            "num_nulls(shown, before_version, before_state, before_open_kind, before_open_review) IN (0, 5)",
            name="before",
        ),
        CheckConstraint("shown > 0 AND before_version < version", name="shown"),
        ForeignKeyConstraint(["app_id", "version"], ["transition.app_id", "transition.version"]),
        ForeignKeyConstraint(
            ["app_id", "before_version", "before_state", "before_open_kind", "before_open_review", "shown"],
            [
                "transition.app_id",
                "transition.version",
                "transition.to_state",
                "transition.open_kind",
                "transition.open_review",
                "transition.published",
            ],
            name="planned_publication_shown_fkey",
        ),
        Index("planned_publication_open_key", "app_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("planned_publication_due_idx", "publish_at", "app_id", postgresql_where=text("ended_at IS NULL")),
        Index(
            "planned_publication_changes_idx",
            "ended_at",
            "app_id",
            "version",
            postgresql_where=text("outcome = 'published'"),
        ),
    )
