"""What is reviewed: a submission with its snapshot, the review that hangs on it, and the review's steps.

`STEPS` defines each step that a review can have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
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
from models.checklist import Requirement
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


class StepTaker(StrEnum):
    """Who takes a review step."""

    MACHINE = "machine"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDefinition:
    """All that is fixed about a review step. What a machine's step does is its run, in workers/steps.

    Its findings stand at `requirement`; it reads the evidence for `needs`, None if it reads none, and the Components if
    it `reads_components`; `has_runs`: it also has tests of theirs run. `on_drafts`: it may look at an App that is still
    being built. `in_reviews`: it looks at what is submitted. `in_health_reviews`: it may look again at what is public.
    `lease` is how long a worker needs its row for one run; a person's step is never leased.
    """

    code: str
    title: str
    taken_by: StepTaker
    requirement: Requirement
    needs: Requirement | None
    on_drafts: bool
    in_health_reviews: bool
    lease: timedelta | None
    in_reviews: bool = True
    reads_components: bool = False
    has_runs: bool = False


_A_FETCH: Final = timedelta(seconds=45)


def _machine_step(
    code: str, title: str, requirement: Requirement, *, in_health_reviews: bool, reads_components: bool = False
) -> StepDefinition:
    """Returns a step that reads the evidence of the requirement that it speaks of, and nothing that a draft lacks."""
    return StepDefinition(
        code=code,
        title=title,
        taken_by=StepTaker.MACHINE,
        requirement=requirement,
        needs=requirement,
        on_drafts=True,
        in_health_reviews=in_health_reviews,
        lease=_A_FETCH,
        reads_components=reads_components,
    )


def _persons_step(code: str, title: str, requirement: Requirement, needs: Requirement | None = None) -> StepDefinition:
    """Returns a step that a reviewer takes: on what was submitted, and never again."""
    return StepDefinition(
        code=code,
        title=title,
        taken_by=StepTaker.PERSON,
        requirement=requirement,
        needs=needs,
        on_drafts=False,
        in_health_reviews=False,
        lease=None,
    )


COMPONENTS_REVIEWED: Final = "components_reviewed"
"""The step that an App with a Component of which tests see only the form has in any case."""

STEPS: Final[Mapping[str, StepDefinition]] = {
    step.code: step
    for step in (
        _machine_step(
            "partner_documentation",
            "The partner's own documentation",
            Requirement.PARTNER_DOCUMENTATION,
            in_health_reviews=True,
        ),
        _machine_step(  # not in health reviews: a link to somebody else's page should not put a live App in grace
            "documentation_links",
            "The links of the partner's documentation",
            Requirement.PARTNER_DOCUMENTATION,
            in_health_reviews=False,
        ),
        _machine_step(  # not in health reviews: what is public was written by the template of its day
            "platform_documentation",
            "The documentation for the platform's site",
            Requirement.PLATFORM_DOCUMENTATION,
            in_health_reviews=False,
            reads_components=True,
        ),
        _machine_step(
            "partners_page",
            "The partner's integrations page",
            Requirement.PARTNERS_PAGE,
            in_health_reviews=True,
        ),
        _machine_step(  # not in health reviews: an announcement is read once, and may be gone a year later
            "launch_announcement",
            "The launch announcement",
            Requirement.LAUNCH_ANNOUNCEMENT,
            in_health_reviews=False,
        ),
        _machine_step(
            "catalog_details",
            "The details of the catalog entry",
            Requirement.CATALOG_DETAILS,
            in_health_reviews=True,
        ),
        StepDefinition(  # not in health reviews: what is public was named by the Spec of its day
            code="spec_adherence",
            title="The streams' events, by the Spec",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=True,
            in_health_reviews=False,
            lease=_A_FETCH,
            reads_components=True,
        ),
        StepDefinition(
            code="component_tests",
            title="The Components' tests, run again",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=True,
            in_health_reviews=True,
            lease=_A_FETCH,
            reads_components=True,
            has_runs=True,
        ),
        StepDefinition(  # neither on drafts nor in health reviews: nobody is burdened without need
            code="volume",
            title="A burst of events to the endpoints",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=False,
            in_health_reviews=False,
            lease=_A_FETCH,
            reads_components=True,
            has_runs=True,
        ),
        StepDefinition(
            code="drift",
            title="What has changed since the approval",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.PARTNER_DOCUMENTATION,
            needs=Requirement.PARTNER_DOCUMENTATION,
            on_drafts=False,
            in_reviews=False,
            in_health_reviews=True,
            lease=_A_FETCH,
            reads_components=True,
        ),
        _persons_step(
            "end_to_end_check",
            "The end-to-end check with the test account",
            Requirement.WORKING_INTEGRATION,
            Requirement.TEST_ACCOUNT,
        ),
        _persons_step(
            "documentation_check",
            "The documentation, compared with the test",
            Requirement.PLATFORM_DOCUMENTATION,
        ),
        _persons_step(
            "catalog_entry_check",
            "The catalog entry, as it is shown",
            Requirement.CATALOG_DETAILS,
        ),
        _persons_step(
            COMPONENTS_REVIEWED,
            "The Components, reviewed by a person",
            Requirement.WORKING_INTEGRATION,
        ),
    )
}
"""Every review step that a policy may name, by code."""

MACHINE_STEPS: Final = frozenset(code for code, step in STEPS.items() if step.taken_by is StepTaker.MACHINE)
"""Steps that a worker runs; a reviewer decides the others."""

STEP_LEASE: Final = max(step.lease for step in STEPS.values() if step.lease is not None)
"""How long a worker has the row of a step, whichever it is: rows of all steps are leased alike."""


def step_title(code: str) -> str:
    """Returns the title of a step, or its code when the step is no longer defined: old reviews still name it."""
    return STEPS[code].title if code in STEPS else code
