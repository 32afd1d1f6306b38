"""The answer for a review in full: with all that a reviewer needs to decide."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.decisions import MadeDecisionAnswer, shown_decision
from api.schemas.findings import EarlierFindingAnswer
from api.schemas.outcomes import ProposalAnswer, ReasonAnswer, shown_proposal
from api.schemas.reviews import ReviewedCompanyAnswer, ReviewHeadAnswer, ReviewStepAnswer, head_of, shown_step
from models.component_test import RunScope, TestColour
from models.due import DueStatus
from models.lifecycle import AppState, AppTrigger, ReviewKind, Role
from models.review import ReviewOutcome
from workflow.policy.document import Policies
from workflow.reviewing.difference import ChangeKind, Difference, StandingFinding
from workflow.reviewing.dossier import (
    CompanyInBrief,
    Dossier,
    Ended,
    LastRound,
)
from workflow.reviewing.grace import Grace
from workflow.reviewing.steps import why_step
from workflow.reviewing.surroundings import MAX_AROUND, PastRound, RunInBrief, Waiver


class ChangeAnswer(BaseModel):
    """One difference. `path` leads to it: a field of the App, or a Component's id or a requirement, and its field."""

    path: Annotated[list[str], Field(examples=[["partner_documentation", "url"]])]
    change: ChangeKind
    before: Any = None
    after: Any = None


class ComparedWithAnswer(BaseModel):
    """The App's last decided round, and the reasons for which changes were requested."""

    review_id: UUID
    round: int
    outcome: ReviewOutcome
    reasons: list[ReasonAnswer]


class EarlierWaiverAnswer(BaseModel):
    """A step that was waived in an earlier round of the App."""

    round: int
    step: str
    reason: str
    waived_by: str | None
    waived_at: datetime


class EarlierRoundAnswer(BaseModel):
    """A round of an App of the same company."""

    app: str
    state: str
    round: int
    kind: ReviewKind
    submitted_at: datetime
    closed_at: datetime | None
    outcome: ReviewOutcome | None


class OwnedAppAnswer(BaseModel):
    """An App of the company. `tested` of its `components` have passed a test since they were changed."""

    slug: Annotated[str, Field(examples=["acme"])]
    name: Annotated[str, Field(examples=["Acme"])]
    state: AppState
    looked_at: datetime | None
    customers: int
    components: int
    tested: int


class CompanyAnswer(ReviewedCompanyAnswer):
    """The company that owns the App, with the reviewed App and the latest of the company's other ones."""

    website: str
    apps: Annotated[list[OwnedAppAnswer], Field(description=f"At most {MAX_AROUND}, the reviewed App first.")]


class OpenedAnswer(BaseModel):
    """Who opened the review, and why. `decider` made the decision that is appealed, and may not review the appeal."""

    by: Annotated[str | None, Field(description="The person's name, null if the service did.", examples=["Pat Doe"])]
    role: Role
    reasons: list[ReasonAnswer]
    decider: Annotated[str | None, Field(examples=["Rae Reviewer"])]


class EndedAnswer(BaseModel):
    """How the review ended: by which trigger, who asked for it, and the reasons that they gave."""

    trigger: Annotated[AppTrigger, Field(examples=["approve"])]
    by_id: UUID
    by: Annotated[
        str | None, Field(description="The person's name, null if the service did.", examples=["Rae Reviewer"])
    ]
    role: Role
    reasons: list[ReasonAnswer]


class GraceAnswer(BaseModel):
    """The time to mend what looks found, which runs from the first delivered mail of it (`began_at`) to `ends_at`.

    `team_told`: no mail of it could be delivered, and the reviewers were told. `asked_at`: the time was over then, and
    the reviewers were asked to decide on a suspension.
    """

    flagged_at: datetime
    days: int
    began_at: datetime | None
    ends_at: datetime | None
    team_told: bool
    asked_at: datetime | None


class ReviewRunAnswer(BaseModel):
    """A run of a Component's tests that the review started. `path` has it in full, with each request and answer.

    `results` counts its cases so far by colour. `measured` is what a burst has measured: counts, the share that was
    taken, and percentiles in milliseconds. `problem` says why a run ended without a colour, or what it waits for until
    `waits_until`: a burst waits for the end of the hour of another one to the same place.
    """

    id: UUID
    component_id: UUID
    component: Annotated[str, Field(examples=["Webhook"])]
    scope: RunScope
    status: DueStatus
    colour: TestColour | None
    problem: Annotated[str | None, Field(examples=[None])]
    requested_at: datetime
    finished_at: datetime | None
    results: Annotated[dict[TestColour, int], Field(examples=[{"green": 16}])]
    measured: Annotated[dict[str, Any] | None, Field(examples=[{"sent": 500, "taken": 500, "p95_ms": 40}])]
    waits_until: Annotated[datetime | None, Field(examples=[None])]
    path: Annotated[str, Field(examples=["/v1/apps/acme/components/…/test-runs/…"])]


class FullReviewAnswer(ReviewHeadAnswer):
    """A review in full. `grace` is the App's time to mend what looks found, null if nothing is to be mended.

    `changes` has a list for each part of the snapshot that changed since `compared_with`. It is null in a first round.
    `public_changes` is the same for what is public: null if nothing is, or if that is what is reviewed.
    """

    steps: list[ReviewStepAnswer]
    public_changes: dict[str, list[ChangeAnswer]] | None
    company: CompanyAnswer
    opened: OpenedAnswer
    proposal: Annotated[ProposalAnswer | None, Field(description="What waits for a second person.")]
    two_people: Annotated[
        bool,
        Field(description="Whether the policy wants two people for any approval; the App's triggers say if for this."),
    ]
    snapshot: dict[str, Any]
    policy_version: int
    submitted_by: UUID
    submitted_at: datetime
    compared_with: ComparedWithAnswer | None
    changes: dict[str, list[ChangeAnswer]] | None
    findings: list[EarlierFindingAnswer]
    earlier_waivers: Annotated[
        list[EarlierWaiverAnswer], Field(description=f"What was waived in earlier rounds: the latest {MAX_AROUND}.")
    ]
    grace: GraceAnswer | None
    runs: Annotated[
        list[ReviewRunAnswer],
        Field(description=f"The runs of Components' tests that its steps started: the latest {MAX_AROUND}."),
    ]
    history: Annotated[
        list[EarlierRoundAnswer],
        Field(description=f"The latest {MAX_AROUND} other reviews of the company's Apps. The list of reviews has all."),
    ]
    ended: Annotated[EndedAnswer | None, Field(description="Null while the review is open.")]
    decisions: Annotated[
        list[MadeDecisionAnswer], Field(description="What people decided and what is not applied, newest first.")
    ]


def full_review(dossier: Dossier, policies: Policies, now: datetime) -> FullReviewAnswer:
    """Returns the full answer for a review."""
    submission, review, one = dossier.submission, dossier.review, dossier.summary
    policy = policies.by_version[review.policy_version]
    kind = ReviewKind(review.kind)
    return FullReviewAnswer(
        **head_of(one),
        steps=[shown_step(taken, why_step(taken.step.code, kind, policy)) for taken in dossier.steps],
        public_changes=None if dossier.public_changes is None else shown_changes(dossier.public_changes),
        company=_company(dossier.company),
        opened=OpenedAnswer(
            by=dossier.opened.name,
            role=Role(dossier.opened.role),
            reasons=[ReasonAnswer.model_validate(reason) for reason in dossier.opened.reasons],
            decider=dossier.opened.decider,
        ),
        proposal=shown_proposal(dossier.proposal, policies.current, now),
        two_people=bool(policies.current.two_people_categories or policies.current.two_people_customers),
        snapshot=submission.snapshot,
        policy_version=review.policy_version,
        submitted_by=submission.submitted_by,
        submitted_at=submission.submitted_at,
        compared_with=None if dossier.last is None else _compared_with(dossier.last),
        changes=None if dossier.changes is None else shown_changes(dossier.changes),
        findings=[_standing(finding) for finding in dossier.findings],
        earlier_waivers=[_waiver(waiver) for waiver in dossier.waivers],
        grace=None if dossier.grace is None else shown_grace(dossier.grace),
        runs=[_run(run, one.app) for run in dossier.runs],
        history=[_past(past) for past in dossier.history],
        ended=None if dossier.ended is None else _ended(dossier.ended),
        decisions=[shown_decision(made) for made in dossier.decisions],
    )


def _run(run: RunInBrief, app: str) -> ReviewRunAnswer:
    path = f"/v1/apps/{app}/components/{run.component_id}/test-runs/{run.id}"
    return ReviewRunAnswer.model_validate({**asdict(run), "path": path})


def shown_grace(grace: Grace) -> GraceAnswer:
    """Returns the answer for a grace period."""
    return GraceAnswer(**asdict(grace))


def _company(company: CompanyInBrief) -> CompanyAnswer:
    return CompanyAnswer(
        id=company.id,
        name=company.name,
        website=company.website,
        apps=[OwnedAppAnswer.model_validate(one, from_attributes=True) for one in company.apps],
    )


def _compared_with(last: LastRound) -> ComparedWithAnswer:
    return ComparedWithAnswer(
        review_id=last.review_id,
        round=last.round,
        outcome=ReviewOutcome(last.outcome),
        reasons=[ReasonAnswer.model_validate(reason) for reason in last.reasons],
    )


def shown_changes(changes: Difference) -> dict[str, list[ChangeAnswer]]:
    """Returns the answer for a difference of two snapshots, by part."""
    return {
        part: [
            ChangeAnswer(path=list(change.path), change=change.kind, before=change.before, after=change.after)
            for change in changed
        ]
        for part, changed in changes.items()
    }


def _standing(one: StandingFinding) -> EarlierFindingAnswer:
    return EarlierFindingAnswer.model_validate({**one.finding, "step": one.step, "standing": one.standing})


def _waiver(one: Waiver) -> EarlierWaiverAnswer:
    return EarlierWaiverAnswer(
        round=one.round, step=one.step, reason=one.reason, waived_by=one.waived_by, waived_at=one.waived_at
    )


def _ended(one: Ended) -> EndedAnswer:
    return EndedAnswer(
        trigger=AppTrigger(one.trigger),
        by_id=one.by,
        by=one.name,
        role=Role(one.role),
        reasons=[ReasonAnswer.model_validate(reason) for reason in one.reasons],
    )


def _past(one: PastRound) -> EarlierRoundAnswer:
    return EarlierRoundAnswer(
        app=one.app,
        state=one.state,
        round=one.round,
        kind=ReviewKind(one.kind),
        submitted_at=one.submitted_at,
        closed_at=one.closed_at,
        outcome=None if one.outcome is None else ReviewOutcome(one.outcome),
    )
