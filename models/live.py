"""What becomes of an App that was published: its suspensions, and the time it has to mend what a look found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Suspension(Base):
    """A suspension, known by its transition. It acts at once, and a second person confirms it by `confirm_by`.

    `only_reinstated`: no revision lifts it. `told_at`: when the team was last told that nobody has confirmed it in
    time.
    """

    __tablename__ = "suspension"

    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    only_reinstated: Mapped[bool] = mapped_column(server_default=false())
    suspended_by: Mapped[UUID]
    suspended_at: Mapped[datetime]
    confirm_by: Mapped[datetime]
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["app_id", "version"], ["transition.app_id", "transition.version"]),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("confirmed_by <> suspended_by", name="two_people"),
        Index("suspension_open_key", "app_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(
            "suspension_unconfirmed_idx",
            "confirm_by",
            "app_id",
            postgresql_where=text("confirmed_at IS NULL AND ended_at IS NULL"),
        ),
    )


class GracePeriod(Base):
    """The time in which a company mends what a health review found, known by the transition that flagged it.

    It begins when the mail server takes the first notice of it, and ends with the next look that finds nothing, with
    an approval, a suspension or a removal. At `ends_at` a person is asked to decide (`asked_at`): nothing suspends by
    itself. While no notice could be delivered no clock runs, and a person is asked within a day. `notice_due_at` is
    when somebody is to be told next: the company of the approaching end, or the team. `look_due_at` is when the service
    looks again.
    """

    __tablename__ = "grace_period"

    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id"))
    flagged_at: Mapped[datetime]
    days: Mapped[int]
    began_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    notice_due_at: Mapped[datetime | None]
    look_due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["app_id", "version"], ["transition.app_id", "transition.version"]),
        CheckConstraint("(began_at IS NULL) = (ends_at IS NULL)", name="began"),
        Index("grace_period_open_key", "app_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("days >= 1", name="days"),
        Index("grace_period_notice_idx", "notice_due_at", "app_id", postgresql_where=text("ended_at IS NULL")),
        Index("grace_period_flagged_idx", "flagged_at", "app_id", postgresql_where=text("ended_at IS NULL")),
        Index("grace_period_look_idx", "look_due_at", "app_id", postgresql_where=text("ended_at IS NULL")),
    )
