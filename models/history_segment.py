"""Segments of the history: rows of other tables, sealed with the history's key after they were committed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class HistorySegment(Base):
    """Rows of one table that were sealed together (see `workflow.history.sealing`). Append-only.

    `keys` are the rows' primary keys and `row_seals` their HMACs, 32 bytes each, over the columns in `columns`. `seal`
    is an HMAC over all of that and the seal of the table's segment before. `through` is the time of the newest row.
    """

    __tablename__ = "history_segment"

    table_name: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through: Mapped[datetime]
    sealed_at: Mapped[datetime]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    row_seals: Mapped[bytes] = mapped_column(LargeBinary)
    seal: Mapped[bytes] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(seal) = 32", name="seal"),
        CheckConstraint("length(row_seals) = 32 * cardinality(keys)", name="row_seals"),
        Index(None, "table_name", "through"),
        Index(None, "sealed_at"),
    )
