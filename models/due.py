"""Work that must happen, as columns: a status, a due time, a lane, and a lease for whoever works on it."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from models.base import Base, one_of


class DueStatus(StrEnum):
    """`due`: a worker owes it. `done`, `dead` (tries used up; can be replayed) and `void` (overtaken) rest."""

    DUE = "due"
    DONE = "done"
    DEAD = "dead"
    VOID = "void"


class Urgency(IntEnum):
    """What somebody waits for goes before what is only news. The lower number is leased first."""

    URGENT = 0
    BULK = 1


NO_LANE: Final = "-"
"""The lane of rows that share nothing which could hang: it has no bound."""


class DueMixin:
    """Makes a table's rows due work. Needs a primary key `id`.

    The attempt is counted and committed before the work starts, so that work that kills its process is bounded. At
    most so many rows of one `lane` (a domain, a job) are leased at a time, in all processes together; among those that
    are due, `urgency` comes first.
    """

    status: Mapped[str] = mapped_column(String(8), server_default=DueStatus.DUE)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    lane: Mapped[str] = mapped_column(Text(collation="C"), server_default=NO_LANE)
    urgency: Mapped[int] = mapped_column(SmallInteger, server_default=text(str(Urgency.BULK.value)))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return due_constraints()


def due_constraints() -> tuple[SchemaItem, ...]:
    """Returns the CHECKs and the indexes that every due table has: lane by lane, and what is leased of each.

    There is no index by due time alone: with one, the planner may read a lane's hundred thousand rows to skip them.
    """
    return (
        one_of("status", DueStatus),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("lane <> ''", name="lane"),
        CheckConstraint("urgency IN (0, 1)", name="urgency"),
        Index(None, "urgency", "lane", "due_at", "id", postgresql_where=text("status = 'due'")),
        Index(None, "lane", "leased_until", postgresql_where=text("status = 'due' AND leased_until IS NOT NULL")),
    )


class FailingLane(Base):
    """A lane whose last tries failed, by table and name. It is tried with one row at a time, between rests.

    `died_at`: it has failed for so long that its due rows are given up; they become dead in bounded steps.
    """

    __tablename__ = "failing_lane"

    table_name: Mapped[str] = mapped_column(String(32), primary_key=True)
    lane: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    failures: Mapped[int]
    failing_since: Mapped[datetime]
    rests_until: Mapped[datetime]
    last_error: Mapped[str]
    died_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("failures >= 1", name="failures"),)
