"""The dossier of a review: what changed since the last round, the findings, and the earlier rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.orm import Session, aliased

from models import App, Organization, Person, Review, ReviewStep, Submission
from workflow.catalog.namesakes import findings_on_name
from workflow.errors import NotFound
from workflow.profile.document import Profile
from workflow.reviewing.decisions import MadeDecision, decisions_made
from workflow.reviewing.difference import (
    Difference,
    FindingStatus,
    StandingFinding,
    compare_findings,
    difference,
)
from workflow.reviewing.grace import Grace, grace_of
from workflow.reviewing.proposals import StandingProposal, standing_proposal
from workflow.reviewing.queue import ReviewSummary, due_of
from workflow.reviewing.standing import DECIDED, findings_before, found_in
from workflow.reviewing.surroundings import OwnedApp, PastRound, RunInBrief, Waiver, read_surroundings

NAME = "name"
"""Stands where a finding names its step, for findings on the App's name: no step is about it."""


@dataclass(frozen=True, slots=True)
class StepWithDecider:
    """A step of the review, and the name of the person who decided it. None: a machine, or nobody yet."""

    step: ReviewStep
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class LastRound:
    """The last decided round of the App, with which this one is compared, and the reasons of its decision."""

    review_id: UUID
    round: int
    outcome: str
    reasons: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class CompanyInBrief:
    """The company that owns the App, with its Apps, newest first."""

    id: UUID
    name: str
    website: str
    apps: tuple[OwnedApp, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """Who opened the review, in which role, and the reasons that they gave. `decider`: whose decision is appealed."""

    name: str | None
    role: str
    reasons: tuple[Mapping[str, Any], ...]
    decider: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How the review ended: by which trigger, asked for by whom in which role, and with which reasons."""

    trigger: str
    by: UUID
    name: str | None
    role: str
    reasons: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A review with everything needed to decide it.

    `changes` is the difference to the last decided round, None if there is none. `public_changes` is the difference to
    what is public, None if nothing is, or if that is what is reviewed.

    `grace` is the App's time to mend what looks found, None if nothing is to be mended. `decisions` have been made and
    have not taken effect, newest first.
    """

    review: Review
    submission: Submission
    summary: ReviewSummary
    steps: tuple[StepWithDecider, ...]
    last: LastRound | None
    changes: Difference | None
    public_changes: Difference | None
    company: CompanyInBrief
    opened: Opened
    proposal: StandingProposal | None
    findings: tuple[StandingFinding, ...]
    waivers: tuple[Waiver, ...]
    history: tuple[PastRound, ...]
    grace: Grace | None
    ended: Ended | None
    decisions: tuple[MadeDecision, ...]
    runs: tuple[RunInBrief, ...]


_OPENED = text("""
    SELECT p.name, t.actor_role, z.reasons
      FROM transition t
      LEFT JOIN person p ON p.id = t.actor_id
      LEFT JOIN transition_reason z ON z.app_id = t.app_id AND z.version = t.version
     WHERE t.app_id = :app_id AND t.version = :version
""")

_END = text("""
    SELECT ended.trigger, ended.actor_id, p.name, ended.actor_role, z.reasons
      FROM (SELECT t.version, t.trigger, t.actor_id, t.actor_role FROM transition t
             WHERE t.app_id = :app_id AND t.version > :opened_version AND t.open_review <> :opened_version
             ORDER BY t.version LIMIT 1) ended
      LEFT JOIN person p ON p.id = ended.actor_id
      LEFT JOIN transition_reason z ON z.app_id = :app_id AND z.version = ended.version
""")

_HOLDER, _DECIDER, _PUBLIC = aliased(Person), aliased(Person), aliased(Submission)

_HEAD = (
    select(
        Review,
        Submission,
        App.slug,
        App.name.label("app_name"),
        Organization.id.label("company_id"),
        Organization.name.label("company"),
        Organization.website,
        _HOLDER.name.label("holder"),
        _DECIDER.name.label("decider"),
        _PUBLIC.snapshot.label("public_snapshot"),
    )
    .join(Submission, Submission.id == Review.submission_id)
    .join(App, App.id == Review.app_id)
    .join(Organization, Organization.id == App.organization_id)
    .outerjoin(_HOLDER, _HOLDER.id == Review.claimed_by)
    .outerjoin(_DECIDER, _DECIDER.id == Review.decider)
    .outerjoin(
        _PUBLIC, (_PUBLIC.app_id == App.id) & (_PUBLIC.app_version == App.published) & (_PUBLIC.id != Submission.id)
    )
    .where(Review.id == bindparam("review_id"))
    .execution_options(populate_existing=True)
)

_STEPS = (
    select(ReviewStep, Person.name)
    .outerjoin(Person, Person.id == ReviewStep.decided_by)
    .where(ReviewStep.review_id == bindparam("review_id"))
    .order_by(ReviewStep.code)
    .execution_options(populate_existing=True)
)

_LAST_DECIDED = (
    select(Submission, Review)
    .join(Review, Review.submission_id == Submission.id)
    .where(
        Review.app_id == bindparam("app_id"),
        Review.opened_version < bindparam("version"),
        Review.outcome.in_([outcome.value for outcome in DECIDED]),
    )
    .order_by(Review.opened_version.desc())
    .limit(1)
)
"""Statements of the ORM are made once: making one takes longer than executing it."""


def find_review(session: Session, review_id: UUID) -> Review:
    """Returns the review. Locks nothing. Raises NotFound."""
    review = session.get(Review, review_id)
    if review is None:
        raise _not_found(review_id)
    return review


def _not_found(review_id: UUID) -> NotFound:
    return NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")


def open_dossier(session: Session, review_id: UUID, profile: Profile, now: datetime) -> Dossier:
    """Returns the dossier of the review, in a constant number of queries. Locks nothing. Raises NotFound.

    Its findings are those of the steps, and those on the App's name, which are for the reviewer alone. The round is
    compared with the last decided one: a withdrawn round may never have been looked at. The findings of a look are
    compared with those of the look before it.
    """
    head = session.execute(_HEAD, {"review_id": review_id}).one_or_none()
    if head is None:
        raise _not_found(review_id)
    review, submission = head.Review, head.Submission
    steps = tuple(StepWithDecider(*row) for row in session.execute(_STEPS, {"review_id": review_id}))
    found = [found_in(taken.step.code, taken.step.state, taken.step.findings) for taken in steps]
    last, changes = _last_decided(session, review, submission)
    around = read_surroundings(session, review, head.company_id)
    return Dossier(
        review,
        submission,
        _summary(head, steps, now),
        steps,
        last,
        changes,
        None if head.public_snapshot is None else difference(head.public_snapshot, submission.snapshot),
        CompanyInBrief(head.company_id, head.company, head.website, around.apps),
        _opened(session, review, head.decider),
        standing_proposal(session, review.app_id) if review.closed_at is None else None,
        (
            *compare_findings(findings_before(session, review), found),
            *_on_name(session, submission, head.company_id, profile),
        ),
        around.waivers,
        around.history,
        grace_of(session, review.app_id),
        None if review.closed_at is None else _ended(session, review),
        decisions_made(session, review),
        around.runs,
    )


def _summary(head: Row[Any], steps: Sequence[StepWithDecider], now: datetime) -> ReviewSummary:
    review = head.Review
    states = tuple((taken.step.code, taken.step.state) for taken in steps)
    due = due_of(review, now)
    return ReviewSummary(
        review,
        head.slug,
        head.app_name,
        head.company_id,
        head.company,
        review.kind,
        head.Submission.round,
        due,
        head.holder,
        states,
    )


def _opened(session: Session, review: Review, decider: str | None) -> Opened:
    row = session.execute(_OPENED, {"app_id": review.app_id, "version": review.opened_version}).one()
    return Opened(row.name, row.actor_role, tuple(row.reasons or ()), decider)


def with_decider(session: Session, step: ReviewStep) -> StepWithDecider:
    """Returns the step with the name of the person who decided it."""
    return StepWithDecider(step, None if step.decided_by is None else session.get_one(Person, step.decided_by).name)


def _on_name(
    session: Session, submission: Submission, organization_id: UUID, profile: Profile
) -> list[StandingFinding]:
    name = str(submission.snapshot.get("app", {}).get("name", ""))
    found = findings_on_name(session, organization_id, name, profile) if name else []
    return [StandingFinding(NAME, finding.as_dict(), FindingStatus.NEW) for finding in found]


def _last_decided(
    session: Session, review: Review, submission: Submission
) -> tuple[LastRound | None, Difference | None]:
    """Returns the last decided round of the App, and the difference to it; None twice if there is none."""
    wanted = {"app_id": review.app_id, "version": review.opened_version}
    row = session.execute(_LAST_DECIDED, wanted).one_or_none()
    if row is None:
        return None, None
    before, decided = row
    return _last_round(session, before, decided), difference(before.snapshot, submission.snapshot)


def _last_round(session: Session, submission: Submission, review: Review) -> LastRound:
    ended = _ended(session, review)
    return LastRound(review.id, submission.round, str(review.outcome), ended.reasons if ended else ())


def _ended(session: Session, review: Review) -> Ended | None:
    wanted = {"app_id": review.app_id, "opened_version": review.opened_version}
    row = session.execute(_END, wanted).one_or_none()
    return None if row is None else Ended(row.trigger, row.actor_id, row.name, row.actor_role, tuple(row.reasons or ()))
