"""The dossier of a review: what changed since the last round, the findings, and the earlier rounds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

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
from workflow.reviewing.standing import DECIDED, findings_before, found_in
from workflow.tested import component_colour

NAME = "name"
"""Stands where a finding names its step, for findings on the App's name: no step is about it."""
MAX_PAST = 200
"""The number of earlier waivers, and of earlier rounds, that are shown, newest first."""


@dataclass(frozen=True, slots=True)
class StepWithDecider:
    """A step of the review, and the name of the person who decided it. None: a machine, or nobody yet."""

    step: ReviewStep
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """The waiver of a step in an earlier round of this App."""

    round: int
    step: str
    reason: str
    waived_by: str | None
    waived_at: datetime


@dataclass(frozen=True, slots=True)
class PastRound:
    """A round of review of one of the company's Apps. `outcome` is None while it is open."""

    app: str
    state: str
    round: int
    kind: str
    submitted_at: datetime
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class LastRound:
    """The last decided round of the App, with which this one is compared, and the reasons of its decision."""

    review_id: UUID
    round: int
    outcome: str
    reasons: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RunInBrief:
    """A run of a Component's tests that the review started. `results` counts its cases so far by their colours.

    `measured` is what a burst has measured. `problem` says why a run ended without a colour, or what it waits for until
    `waits_until`, such as the end of others' hour.
    """

    id: UUID
    component_id: UUID
    component: str
    scope: str
    status: str
    colour: str | None
    problem: str | None
    requested_at: datetime
    finished_at: datetime | None
    results: Mapping[str, int]
    measured: Mapping[str, Any] | None
    waits_until: datetime | None


@dataclass(frozen=True, slots=True)
class OwnedApp:
    """An App of the company: its state, when a review last found it good, its customers, and how its tests stand."""

    slug: str
    name: str
    state: str
    looked_at: datetime | None
    customers: int
    components: int
    tested: int


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


_WAIVERS = text("""
    SELECT s.round, t.code, t.reason, p.name, t.decided_at
      FROM submission s JOIN review r ON r.submission_id = s.id JOIN review_step t ON t.review_id = r.id
      LEFT JOIN person p ON p.id = t.decided_by
     WHERE r.app_id = :app_id AND r.opened_version < :version AND t.state = 'waived'
     ORDER BY r.opened_version DESC, t.code LIMIT :limit
""")

_HISTORY = text("""
    SELECT a.slug, a.state, s.round, r.kind, r.opened_at, r.closed_at, r.outcome
      FROM app mine
      JOIN app a ON a.organization_id = mine.organization_id
      JOIN submission s ON s.app_id = a.id
      JOIN review r ON r.submission_id = s.id
     WHERE mine.id = :app_id AND r.id <> :review_id AND (r.kind <> 'health' OR r.outcome = 'flagged')
     ORDER BY r.opened_at DESC, r.id DESC LIMIT :limit
""")


_COMPANYS_APPS = text(f"""
    SELECT a.slug, a.name, a.state, a.looked_at, a.onboarded_customers, c.components, c.tested
      FROM app a
     CROSS JOIN LATERAL (
        SELECT count(*) AS components, count(*) FILTER (WHERE {component_colour("c")} IN ('green', 'yellow')) AS tested
          FROM component c
         WHERE c.app_id = a.id AND c.removed_at IS NULL) c
     WHERE a.organization_id = :organization_id
     ORDER BY a.id DESC LIMIT :limit
""")

_RUNS = text("""
    SELECT t.id, t.component_id, c.name, t.scope, t.status, t.colour,
           CASE WHEN t.status IN ('void', 'dead') OR rests.until IS NOT NULL THEN t.last_error END AS problem,
           t.requested_at, t.finished_at,
           coalesce((SELECT jsonb_object_agg(by_colour.colour, by_colour.many)
                       FROM (SELECT r.colour, count(*) AS many FROM component_test_result r
                              WHERE r.test_id = t.id GROUP BY r.colour) by_colour), '{}') AS results,
           CASE WHEN t.scope = 'burst' THEN
               (SELECT r.facts FROM component_test_result r WHERE r.test_id = t.id ORDER BY r.position LIMIT 1)
           END AS measured, rests.until AS waits_until
      FROM component_test t JOIN component c ON c.id = t.component_id
      LEFT JOIN LATERAL (SELECT t.due_at AS until) rests
             ON t.status = 'due' AND t.leased_until IS NULL AND t.due_at > clock_timestamp()
     WHERE t.review_id = :review_id
     ORDER BY t.id DESC LIMIT :limit
""")

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


def find_review(session: Session, review_id: UUID) -> Review:
    """Returns the review. Locks nothing. Raises NotFound."""
    review = session.get(Review, review_id)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def open_dossier(session: Session, review_id: UUID, profile: Profile) -> Dossier:
    """Returns the dossier of the review, in a constant number of queries. Locks nothing. Raises NotFound.

    Its findings are those of the steps, and those on the App's name, which are for the reviewer alone. The round is
    compared with the last decided one: a withdrawn round may never have been looked at. The findings of a look are
    compared with those of the look before it.
    """
    review = find_review(session, review_id)
    submission = session.get_one(Submission, review.submission_id)
    steps = _steps_of(session, [review.id])
    before = _last_decided(session, review)
    found = [found_in(taken.step.code, taken.step.state, taken.step.findings) for taken in steps[review.id]]
    last, changes = None, None
    if before is not None:
        last_submission, last_review = before
        last = _last_round(session, last_submission, last_review)
        changes = difference(last_submission.snapshot, submission.snapshot)
    return Dossier(
        review,
        submission,
        tuple(steps[review.id]),
        last,
        changes,
        _public_changes(session, review, submission),
        _company(session, review),
        _opened(session, review),
        standing_proposal(session, review.app_id) if review.closed_at is None else None,
        (*compare_findings(findings_before(session, review), found), *_on_name(session, submission, profile)),
        _waivers(session, review),
        _history(session, review),
        grace_of(session, review.app_id),
        None if review.closed_at is None else _ended(session, review),
        decisions_made(session, review),
        _runs(session, review),
    )


def _public_changes(session: Session, review: Review, submission: Submission) -> Difference | None:
    public = session.scalar(
        select(Submission)
        .join(App, (App.id == Submission.app_id) & (App.published == Submission.app_version))
        .where(App.id == review.app_id)
    )
    if public is None or public.id == submission.id:
        return None
    return difference(public.snapshot, submission.snapshot)


def _company(session: Session, review: Review) -> CompanyInBrief:
    owner = select(Organization).join(App, App.organization_id == Organization.id).where(App.id == review.app_id)
    company = session.scalars(owner).one()
    apps = session.execute(_COMPANYS_APPS, {"organization_id": company.id, "limit": MAX_PAST})
    return CompanyInBrief(company.id, company.name, company.website, tuple(OwnedApp(*row) for row in apps))


def _opened(session: Session, review: Review) -> Opened:
    row = session.execute(_OPENED, {"app_id": review.app_id, "version": review.opened_version}).one()
    decider = None if review.decider is None else session.scalar(select(Person.name).where(Person.id == review.decider))
    return Opened(row.name, row.actor_role, tuple(row.reasons or ()), decider)


def with_decider(session: Session, step: ReviewStep) -> StepWithDecider:
    """Returns the step with the name of the person who decided it."""
    return StepWithDecider(step, None if step.decided_by is None else session.get_one(Person, step.decided_by).name)


def _on_name(session: Session, submission: Submission, profile: Profile) -> list[StandingFinding]:
    name = str(submission.snapshot.get("app", {}).get("name", ""))
    found = findings_on_name(session, submission.app_id, name, profile) if name else []
    return [StandingFinding(NAME, finding.as_dict(), FindingStatus.NEW) for finding in found]


def _steps_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[StepWithDecider]]:
    statement = (
        select(ReviewStep, Person.name)
        .outerjoin(Person, Person.id == ReviewStep.decided_by)
        .where(ReviewStep.review_id.in_(ids))
        .order_by(ReviewStep.code)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[StepWithDecider]] = defaultdict(list)
    for step, name in session.execute(statement):
        found[step.review_id].append(StepWithDecider(step, name))
    return found


def _last_decided(session: Session, review: Review) -> tuple[Submission, Review] | None:
    statement = (
        select(Submission, Review)
        .join(Review, Review.submission_id == Submission.id)
        .where(
            Review.app_id == review.app_id,
            Review.opened_version < review.opened_version,
            Review.outcome.in_([outcome.value for outcome in DECIDED]),
        )
        .order_by(Review.opened_version.desc())
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def _last_round(session: Session, submission: Submission, review: Review) -> LastRound:
    ended = _ended(session, review)
    return LastRound(review.id, submission.round, str(review.outcome), ended.reasons if ended else ())


def _ended(session: Session, review: Review) -> Ended | None:
    wanted = {"app_id": review.app_id, "opened_version": review.opened_version}
    row = session.execute(_END, wanted).one_or_none()
    return None if row is None else Ended(row.trigger, row.actor_id, row.name, row.actor_role, tuple(row.reasons or ()))


def _waivers(session: Session, review: Review) -> tuple[Waiver, ...]:
    wanted = {"app_id": review.app_id, "version": review.opened_version, "limit": MAX_PAST}
    return tuple(Waiver(*row) for row in session.execute(_WAIVERS, wanted))


def _runs(session: Session, review: Review) -> tuple[RunInBrief, ...]:
    rows = session.execute(_RUNS, {"review_id": review.id, "limit": MAX_PAST})
    return tuple(RunInBrief(*row) for row in rows)


def _history(session: Session, review: Review) -> tuple[PastRound, ...]:
    wanted = {"app_id": review.app_id, "review_id": review.id, "limit": MAX_PAST}
    return tuple(PastRound(*row) for row in session.execute(_HISTORY, wanted))
