"""The fingerprint of the key that the history's hashes are made with. The key itself is never stored."""

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt


class HistoryKey(Base):
    """The one key of this database's history, by its fingerprint (see `workflow.history.key`). Append-only."""

    __tablename__ = "history_key"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default="1")
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    recorded_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("id = 1", name="id"),
        CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    )
