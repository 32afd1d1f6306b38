"""What is said about a review: messages between reviewer and partner, and notes that only reviewers see.

These are two tables, so that no query for a partner can ever return a note.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of


class Side(StrEnum):
    """Which side wrote a message."""

    PARTNER = "partner"
    REVIEWER = "reviewer"


class ReviewMessage(Base):
    """A message between the two sides of a review. Append-only."""

    __tablename__ = "review_message"

    id: Mapped[Id]
    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id"))
    side: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    text: Mapped[str]
    written_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("side", Side),
        CheckConstraint("length(text) BETWEEN 1 AND 5000", name="text"),
        Index(None, "review_id", "id"),
    )


class InternalNote(Base):
    """A reviewer's note on a review, for other reviewers. Append-only; partners never see it."""

    __tablename__ = "internal_note"

    id: Mapped[Id]
    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    text: Mapped[str]
    written_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("length(text) BETWEEN 1 AND 5000", name="text"),
        Index(None, "review_id", "id"),
    )
