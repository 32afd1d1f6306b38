"""Checks of an App that is still being built: the machine's review steps, run on the draft."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, CreatedAt, Id, one_of
from models.due import DueMixin, due_constraints
from models.lifecycle import StepState

LOOKED = (StepState.PENDING, StepState.PASSED, StepState.WARNED, StepState.FAILED)


class DraftCheck(DueMixin, Base):
    """One review step's look at a draft. `run` counts the App's runs, each of which has a row for each step.

    `evidence`, `components` and `app_name` are what was looked at: a result says nothing about evidence that was given
    since. `components` is empty for a step that reads none. `seen`: how far a look has come that is not done. No review
    counts it.
    """

    __tablename__ = "draft_check"

    id: Mapped[Id]
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"))
    run: Mapped[int]
    code: Mapped[Code]
    app_name: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    seen: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(String(16), server_default=StepState.PENDING)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    requested_by: Mapped[UUID]
    requested_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        *due_constraints(),
        one_of("state", LOOKED),
        CheckConstraint("run >= 1", name="run"),
        CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name="finished"),
        UniqueConstraint("app_id", "run", "code", name="draft_check_run_key"),
        Index("draft_check_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )
