"""Transition requests, the batches that are judging them, and messages that could not be accepted."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, one_of
from models.due import DueStatus
from models.lifecycle import BIRTHS, AppState, AppTrigger, Role


class RequestStatus(StrEnum):
    """`due` until the request is judged; then `applied` or `refused`, or `dead` when judging it kept failing.

    `cancelled`: whoever asked took it back before it was judged. It is stored as `void`, like all obsolete work.
    """

    DUE = "due"
    APPLIED = "applied"
    REFUSED = "refused"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def stored(self) -> str:
        """The value of the column."""
        return DueStatus.VOID.value if self is RequestStatus.CANCELLED else self.value

    @classmethod
    def _missing_(cls, value: object) -> "RequestStatus | None":
        return cls.CANCELLED if value == DueStatus.VOID else None


class RequestSource(StrEnum):
    """How a request reached the service."""

    HTTP = "http"
    MESSAGE = "message"
    SCHEDULE = "schedule"


class TransitionRequest(Base):
    """A request to fire a trigger on an App.

    `position` is the order of acceptance: the due requests of one App are judged in this order. Requests are due work
    too, but they are claimed by locking their App, so they need no lease.
    """

    __tablename__ = "transition_request"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"))
    trigger: Mapped[str] = mapped_column(String(16))
    expected_state: Mapped[str | None] = mapped_column(String(16))
    expected_version: Mapped[int | None]
    expected_review: Mapped[int | None]
    publish_at: Mapped[datetime | None]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    source: Mapped[str] = mapped_column(String(16))
    principal_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[UUID | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    body_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[CreatedAt]

    status: Mapped[str] = mapped_column(String(8), server_default=RequestStatus.DUE)
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    version: Mapped[int | None]
    unmet: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    observed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    policy_version: Mapped[int | None]

    __table_args__ = (
        one_of("trigger", [trigger for trigger in AppTrigger if trigger not in BIRTHS]),
        one_of("expected_state", AppState),
        CheckConstraint("expected_version >= 1", name="expected_version"),
        CheckConstraint("expected_review >= 0", name="expected_review"),
        one_of("source", RequestSource),
        one_of("role", Role),
        one_of("status", [status.stored for status in RequestStatus]),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("(status = 'due') = (finished_at IS NULL)", name="finished"),
        CheckConstraint("(status = 'applied') = (version IS NOT NULL)", name="applied"),
        CheckConstraint("status <> 'dead' OR last_error IS NOT NULL", name="dead"),
        UniqueConstraint("principal_id", "idempotency_key", name="transition_request_idempotency_key"),
        Index("transition_request_due_idx", "due_at", "position", postgresql_where=text("status = 'due'")),
        Index("transition_request_app_due_idx", "app_id", "position", postgresql_where=text("status = 'due'")),
        Index("transition_request_dead_idx", "id", postgresql_where=text("status = 'dead'")),
        Index("transition_request_app_idx", "app_id", "id"),
        Index(
            "transition_request_refused_decision_idx",
            "principal_id",
            "id",
            postgresql_where=text("status IN ('refused', 'dead') AND expected_review IS NOT NULL"),
        ),
        Index(
            "transition_request_finished_idx",
            "finished_at",
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "transition_request_scheduled_key",
            "app_id",
            "trigger",
            unique=True,
            postgresql_where=text("status = 'due' AND source = 'schedule'"),
        ),
    )


class ApplyBatch(Base):
    """The marker of a batch in flight: the requests that a worker is judging.

    It is committed on another connection before the judging starts, and deleted in the batch's own transaction. A
    marker that is still there when its requests can be claimed again shows that the process judging them died.
    """

    __tablename__ = "apply_batch"

    id: Mapped[Id]
    request_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    started_at: Mapped[CreatedAt]


class RestingApp(Base):
    """An App whose oldest due request failed. None of its requests is judged until `rests_until`, so order holds.

    The row is deleted when the request has an outcome. `rests` counts the rests in a row that were no fault of the
    request: of another transaction's lock, a cancelled statement, a full disk.
    """

    __tablename__ = "resting_app"

    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"), primary_key=True)
    rests_until: Mapped[datetime]
    rests: Mapped[int]
    last_error: Mapped[str]

    __table_args__ = (CheckConstraint("rests >= 0", name="rests"),)


IT_BROKE = "it broke:"
"""How the error of a message begins that was rejected for a fault of the service. The rest is for operators only."""


class RejectedMessage(Base):
    """A message from a queue that was not accepted: malformed, of an unknown actor, or without the right to ask.

    `principal_id` is whose it is, where its token is valid, and `idempotency_key` the key that it names.
    """

    __tablename__ = "rejected_message"

    id: Mapped[Id]
    queue: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    body: Mapped[str]
    error: Mapped[str]
    principal_id: Mapped[UUID | None]
    idempotency_key: Mapped[str | None]
    received_at: Mapped[CreatedAt]
