"""The append-only log of each App's transitions: a chain of foreign keys that makes illegal states unstorable."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.lifecycle import APP_EDGES


def _edge_check() -> str:
    edges = ", ".join(f"('{edge.source}', '{edge.trigger}', '{edge.target}')" for edge in APP_EDGES)
    return f"(from_state, trigger, to_state) IN ({edges})"


class Transition(Base):
    """One transition of one App. Each row refers to the row before it: version n starts in the state n - 1 led to.

    `hash` is an HMAC over this row and the hash of the row before it (see `workflow.history.chain`). `actor_id` is
    opaque, so that the log holds no personal data. `reason_commitment` is a salted hash of the reasons, which can be
    erased.
    """

    __tablename__ = "transition"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous_version: Mapped[int | None] = mapped_column(
        Computed("CASE WHEN version > 1 THEN version - 1 END", persisted=True)
    )
    from_state: Mapped[str] = mapped_column(String(16))
    trigger: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID]
    actor_role: Mapped[str] = mapped_column(String(16))
    policy_version: Mapped[int] = mapped_column(ForeignKey("policy_version.version"))
    request_id: Mapped[UUID]
    at: Mapped[datetime]
    reason_commitment: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(version = 1) = (trigger = 'create')", name="birth"),
        CheckConstraint(_edge_check(), name="edge"),
        CheckConstraint("length(hash) = 32", name="hash"),
        UniqueConstraint("app_id", "version", "to_state", name="transition_target_key"),
        UniqueConstraint("app_id", "request_id", name="transition_request_key"),
        ForeignKeyConstraint(
            ["app_id", "previous_version", "from_state"],
            ["transition.app_id", "transition.version", "transition.to_state"],
            name="transition_chain_fkey",
        ),
        Index("transition_at_idx", "at", postgresql_using="brin"),
    )


class TransitionReason(Base):
    """The reasons for a transition, in people's own words. Deleting the row leaves the log's hashes valid."""

    __tablename__ = "transition_reason"

    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (ForeignKeyConstraint(["app_id", "version"], ["transition.app_id", "transition.version"]),)
