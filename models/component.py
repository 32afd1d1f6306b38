"""The Components of an App and the results of their tests."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints


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


class TestColour(StrEnum):
    """The result of a test run. A Component is tested when its latest run, made after its latest change, is not red."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


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


class ComponentTest(DueMixin, Base):
    """One run of a Component's tests. A run whose results were recorded by somebody is `done` from the start.

    `position` is the order of recording, assigned by the database: ids follow the clock of the process that made them.
    """

    __tablename__ = "component_test"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    component_id: Mapped[UUID] = mapped_column(ForeignKey("component.id"))
    component_revision: Mapped[int]
    colour: Mapped[str | None] = mapped_column(String(8))
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    requested_by: Mapped[UUID]
    requested_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        *due_constraints(),
        one_of("colour", TestColour),
        CheckConstraint("(status = 'done') = (colour IS NOT NULL)", name="done"),
        Index(None, "component_id", "id"),
        Index(None, "component_id", "position"),
    )
