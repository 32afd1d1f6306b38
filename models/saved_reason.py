"""Reasons that reviewers give again and again, saved with their text."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Text, false
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, CreatedAt
from models.lifecycle import ReviewKind

_KINDS = ", ".join(f"'{kind.value}'" for kind in ReviewKind)


class SavedReason(Base):
    """One version of a saved reason. The highest version of a code is the current one. Never edited in place.

    `kinds` are the kinds of review that it is for, none for any. Retiring a reason adds a version with `retired` set;
    from then on the code can no longer be picked.
    """

    __tablename__ = "saved_reason"

    code: Mapped[Code] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    where_to_fix: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    retired: Mapped[bool] = mapped_column(server_default=false())
    written_by: Mapped[UUID]
    written_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("code ~ '^[a-z0-9_.]+$' AND code <> 'other'", name="code"),
        CheckConstraint("length(text) BETWEEN 1 AND 2000", name="text"),
        CheckConstraint("length(where_to_fix) <= 500", name="where_to_fix"),
        CheckConstraint(f"kinds <@ ARRAY[{_KINDS}]", name="kinds"),
    )
