"""The columns of due work: a status, a due time, a lane, an urgency, and the lease of the worker that has it."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from models.base import Base, one_of


class DueStatus(StrEnum):
    """The status of a row. `due`: to be worked. `done`. `dead`: out of attempts, can be replayed. `void`: obsolete."""

    DUE = "due"
    DONE = "done"
    DEAD = "dead"
    VOID = "void"


class Urgency(IntEnum):
    """Whether somebody waits for the work, or it is only news. The lower number is leased first."""

    URGENT = 0
    BULK = 1


NO_LANE: Final = "-"
"""The lane of rows that depend on no common party. It has no bound."""


class DueMixin:
    """Makes a table's rows due work. The table needs a primary key `id`.

    An attempt is counted and committed before its work starts, so that work which kills its process is retried only
    as often as any other. At most a fixed number of rows of one `lane` (a domain, a job) are leased at a time, in all
    processes together; among the rows that are due, `urgency` comes first.
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
    """Returns the CHECKs and the indexes of a table of due work: of its due rows by lane, and of its leased ones.

    There is no index by due time alone, because the planner might use it to read and skip a lane's hundred thousand
    rows.
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
