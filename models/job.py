"""The firings of scheduled jobs: one row per job and tick, however many schedulers run."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id
from models.due import DueMixin, due_constraints


class JobTick(DueMixin, Base):
    """One firing of one job. The scheduler that inserts the row first fires the job; a worker then runs it."""

    __tablename__ = "job_tick"

    id: Mapped[Id]
    job: Mapped[str] = mapped_column(String(64))
    tick_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        *due_constraints(),
        UniqueConstraint("job", "tick_at", name="job_tick_once_key"),
        Index("job_tick_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )
