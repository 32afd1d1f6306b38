"""What is said about a review: messages between reviewer and partner, notes that only reviewers see, and drafts.

Messages and notes are two tables, so that no query for a partner can ever return a note.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of

MAX_DRAFT: Final = 20_000
"""The number of characters that a draft may have."""


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


class ReviewDraft(Base):
    """What a reviewer is about to say of a review, and the codes of the saved reasons that they have picked.

    Nobody else reads it. A review is one round, so each round has a draft of its own.
    """

    __tablename__ = "review_draft"

    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    text: Mapped[str]
    saved: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    written_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (CheckConstraint(f"length(text) <= {MAX_DRAFT}", name="text"),)


class UnreadMessages(Base):
    """What a side has not read of the messages about an App: how many of the other side's, and the oldest of them."""

    __tablename__ = "unread_messages"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int]
    oldest_id: Mapped[UUID]
    oldest_at: Mapped[datetime]
    newest_at: Mapped[datetime]

    __table_args__ = (
        one_of("side", Side),
        CheckConstraint("count >= 1", name="count"),
        Index("unread_messages_oldest_idx", "side", "oldest_id"),
    )
