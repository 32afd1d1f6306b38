"""What is reviewed: a submission with its snapshot, the review that hangs on it, and the review's steps.

What steps there can be is in models/steps.py.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Id, one_of
from models.due import DueMixin, due_constraints
from models.lifecycle import ReviewKind, StepState


class ReviewOutcome(StrEnum):
    """How a review ended.

    An appeal is upheld (the decision stands), overturned (it does not) or conceded (whoever decided took it back). A
    health review is cleared, flagged, or superseded by a revision. `adopted` was approved by another system.
    """

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    CONCEDED = "conceded"
    CLEARED = "cleared"
    FLAGGED = "flagged"
    SUPERSEDED = "superseded"
    ADOPTED = "adopted"


class Submission(Base):
    """What the partner submitted, frozen when the `submit` transition was applied. Known by that transition.

    Postgres computes `digest` when the row is stored, and the row of the log that decides covers it. Submissions from
    before that have none.
    """

    __tablename__ = "submission"

    id: Mapped[Id]
    app_id: Mapped[UUID]
    app_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    round: Mapped[int]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    policy_version: Mapped[int] = mapped_column(ForeignKey("policy_version.version"))
    submitted_by: Mapped[UUID]
    submitted_at: Mapped[datetime]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (
        one_of("kind", ReviewKind),
        CheckConstraint("round >= 1", name="round"),
        CheckConstraint("length(digest) = 32", name="digest"),
        UniqueConstraint("app_id", "app_version", name="submission_transition_key"),
        Index("submission_subject_key", "id", "app_id", "app_version", unique=True),
        ForeignKeyConstraint(["app_id", "app_version"], ["transition.app_id", "transition.version"]),
    )


class Review(Base):
    """A review: of which submission, who holds it, until when it is promised, and how it ended.

    It is known by the version that opened it (`opened_version`), and `subject` is the version that submitted what it is
    of: its own, or what is published. `last_act_at` is when its holder last did something to it; a claim idle for long
    lapses. `urgency` is 0 for an urgent revision, 1 otherwise. `decider`: whose decision is appealed, and `involved`:
    all who had a part in it. While no person is needed (`needs_person`), as for most health reviews, it is in no queue.
    `stranded_at`: when the admins were last told that nobody may take this appeal.
    """

    __tablename__ = "review"

    id: Mapped[Id]
    submission_id: Mapped[UUID] = mapped_column(index=True)
    app_id: Mapped[UUID] = mapped_column(ForeignKey("app.id"))
    kind: Mapped[str] = mapped_column(String(8))
    opened_version: Mapped[int]
    subject: Mapped[int]
    policy_version: Mapped[int] = mapped_column(ForeignKey("policy_version.version"))
    opened_by: Mapped[UUID]
    decider: Mapped[UUID | None]
    involved: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    urgency: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    needs_person: Mapped[bool] = mapped_column(server_default=true())
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    due_soon_at: Mapped[datetime]
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    claimed_at: Mapped[datetime | None]
    last_act_at: Mapped[datetime | None]
    due_soon_marked_at: Mapped[datetime | None]
    overdue_marked_at: Mapped[datetime | None]
    stranded_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", ReviewKind),
        one_of("outcome", ReviewOutcome),
        CheckConstraint("kind NOT IN ('first', 'revision') OR subject = opened_version", name="subject"),
        CheckConstraint("subject <= opened_version", name="order"),
        CheckConstraint("urgency IN (0, 1)", name="urgency"),
        Index("review_opened_version_key", "app_id", "opened_version", unique=True),
        Index("review_opening_key", "app_id", "opened_version", "kind", "subject", unique=True),
        ForeignKeyConstraint(["app_id", "opened_version"], ["transition.app_id", "transition.version"]),
        ForeignKeyConstraint(
            ["submission_id", "app_id", "subject"],
            ["submission.id", "submission.app_id", "submission.app_version"],
            name="review_subject_fkey",
        ),
        CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name="claimed"),
        CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed"),
        Index("review_open_app_key", "app_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index(
            "review_waiting_idx", "urgency", "due_at", "id", postgresql_where=text("closed_at IS NULL AND needs_person")
        ),
        Index("review_holder_idx", "claimed_by", "urgency", "due_at", "id", postgresql_where=text("closed_at IS NULL")),
        Index("review_order_idx", "urgency", "due_at", "id"),
        Index(
            "review_kind_idx",
            "kind",
            "urgency",
            "due_at",
            "id",
            postgresql_where=text("closed_at IS NULL AND needs_person"),
        ),
        Index(
            "review_categories_idx",
            "categories",
            postgresql_using="gin",
            postgresql_where=text("closed_at IS NULL AND needs_person"),
        ),
        Index("review_appeal_idx", "app_id", postgresql_where=text("kind = 'appeal'")),
        Index("review_urgent_idx", "app_id", "opened_at", postgresql_where=text("urgency = 0")),
        Index("review_app_idx", "app_id", "id"),
        Index("review_opened_idx", "opened_at"),
        Index("review_looking_idx", "app_id", postgresql_where=text("closed_at IS NULL AND kind = 'health'")),
        Index("review_flagged_idx", "app_id", "opened_version", postgresql_where=text("outcome = 'flagged'")),
        Index("review_closed_idx", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "review_to_remind_idx",
            "due_soon_at",
            "id",
            postgresql_where=text("closed_at IS NULL AND needs_person AND due_soon_marked_at IS NULL"),
        ),
        Index(
            "review_late_idx",
            "due_at",
            "id",
            postgresql_where=text("closed_at IS NULL AND needs_person AND overdue_marked_at IS NULL"),
        ),
    )


class ReviewStep(DueMixin, Base):
    """One check of a review. `state` is its machine's; `status` says whether a worker owes a run of it.

    A step that a person decides is `void` as due work from birth. What an `observed` step finds is shown, and decides
    nothing: the first time that a health review has it. `seen` is what a machine keeps of what it saw: how far it has
    come while it is not done, and then what a later look is compared with.
    """

    __tablename__ = "review_step"

    id: Mapped[Id]
    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id"))
    code: Mapped[Code]
    state: Mapped[str] = mapped_column(String(16), server_default=StepState.PENDING)
    run: Mapped[int] = mapped_column(server_default="1")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    observed: Mapped[bool] = mapped_column(server_default=false())
    seen: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

    __table_args__ = (
        *due_constraints(),
        one_of("state", StepState),
        CheckConstraint("state <> 'waived' OR reason IS NOT NULL", name="waived"),
        CheckConstraint("status <> 'due' OR state = 'pending'", name="due"),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
        UniqueConstraint("review_id", "code", name="review_step_code_key"),
        Index("review_step_failed_idx", "code", "review_id", postgresql_where=text("state = 'failed'")),
        Index("review_step_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )
