"""The Components of an App. Their tests are in `component_test`."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id


class ComponentKind(StrEnum):
    """How a Component moves data."""

    SUBSCRIPTION = "subscription"
    STREAM = "stream"
    PLUGIN = "plugin"


SUBKINDS: dict[ComponentKind, tuple[str, ...]] = {
    ComponentKind.SUBSCRIPTION: ("webhook", "function"),
    ComponentKind.STREAM: ("",),
    ComponentKind.PLUGIN: ("web", "ios", "android"),
}
PACKAGES = frozenset({"ios", "android"})
"""The subkinds of plugins that are packages: the service's own tests see only the form of what names them."""


def _kind_and_subkind() -> str:
    return " OR ".join(
        f"(kind = '{kind}' AND subkind = '{subkind}')" for kind, subkinds in SUBKINDS.items() for subkind in subkinds
    )


class Component(Base):
    """A plugin, a stream or a subscription. `revision` counts its changes; a test is valid for one revision.

    A stream has a write key, which is shown once and stored only as its SHA-256.
    """

    __tablename__ = "component"

    id: Mapped[Id]
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    subkind: Mapped[str] = mapped_column(String(16), server_default="")
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    write_key_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(_kind_and_subkind(), name="kind"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("write_key_hash IS NULL OR kind = 'stream'", name="write_key"),
        CheckConstraint("length(write_key_hash) = 32", name="write_key_hash"),
        Index("component_write_key_hash_key", "write_key_hash", unique=True),
    )
