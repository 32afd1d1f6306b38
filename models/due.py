"""Work that must happen, as columns: a status, a due time, and a lease for whoever works on it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from models.base import one_of


class DueStatus(StrEnum):
    """`due`: a worker owes it. `done`, `dead` (tries used up; can be replayed) and `void` (overtaken) rest."""

    DUE = "due"
    DONE = "done"
    DEAD = "dead"
    VOID = "void"


class DueMixin:
    """Makes a table's rows due work. Needs a primary key `id`.

    The attempt is counted and committed before the work starts, so that work that kills its process is bounded.
    """

    status: Mapped[str] = mapped_column(String(8), server_default=DueStatus.DUE)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return due_constraints()


def due_constraints() -> tuple[SchemaItem, ...]:
    """Returns the CHECKs and the index that every due table has. The index ends in `id` so that claims stay flat."""
    return (
        one_of("status", DueStatus),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "due_at", "id", postgresql_where=text("status = 'due'")),
    )
