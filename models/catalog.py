"""The catalog as it is looked through: one row for each listed App, kept by the transitions that list and unlist it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.lifecycle import AppState


class CatalogEntry(Base):
    """What an App is found by in the catalog. What is shown of it comes from the immutable snapshot of `submission_id`.

    The row exists exactly while the App is in public beta or public, and its badge is the App's state.
    """

    __tablename__ = "catalog_entry"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    badge: Mapped[str] = mapped_column(String(16))
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    listed_at: Mapped[datetime]
    name_search: Mapped[Any] = mapped_column(TSVECTOR)
    search: Mapped[Any] = mapped_column(TSVECTOR)

    __table_args__ = (
        one_of("badge", [AppState.PUBLIC_BETA, AppState.PUBLIC]),
        Index("catalog_entry_name_search_idx", "name_search", postgresql_using="gin"),
        Index("catalog_entry_search_idx", "search", postgresql_using="gin"),
        Index("catalog_entry_categories_kinds_idx", "categories", "kinds", postgresql_using="gin"),
        Index(None, "badge", "slug"),
    )
