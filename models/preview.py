"""Private links to the catalog entry that an App will have."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id


class PreviewLink(Base):
    """A link that shows an App's entry to anybody who has it, until it expires or is revoked. Stored as its SHA-256."""

    __tablename__ = "preview_link"

    id: Mapped[Id]
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("length(token_hash) = 32", name="token_hash"),)
