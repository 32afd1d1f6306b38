"""Gathers what a review step may use, from the submission or from the draft that it looks at."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import DraftCheck, Review, ReviewStep, Submission
from models.component import ComponentKind
from models.due import DueStatus
from models.lifecycle import ReviewKind
from models.steps import STEPS, StepDefinition
from workers.context import WorkerContext, database_now
from workers.steps.step import Evidence
from workflow.assets.facts import PictureFacts
from workflow.assets.stored import facts_of_pictures
from workflow.component_tests.of_reviews import Means, Occasion, WantedRuns, review_components, start_runs
from workflow.component_tests.volume import BurstPlan
from workflow.identity.actors import SCHEDULE
from workflow.policy.document import load_policies
from workflow.profile.document import Profile
from workflow.reviewing.baseline import seen_when_approved
from workflow.reviewing.reports import keep_seen
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.leases import Lease, lock_leased_row


def evidence_for_step(session: Session, step: ReviewStep, review: Review, profile: Profile) -> Evidence:
    """Returns what the step of a review may use: the snapshot of the submission, and what was seen before."""
    snapshot = session.scalars(select(Submission.snapshot).where(Submission.id == review.submission_id)).one()
    definition = STEPS[step.code]
    given = snapshot["evidence"].get(definition.needs, {}) if definition.needs else {}
    looks_again = review.kind == ReviewKind.HEALTH
    return Evidence(
        snapshot["app"]["name"],
        given,
        profile,
        components=snapshot["components"] if definition.reads_components else (),
        pictures=_pictures(session, review.app_id, given),
        others=snapshot["evidence"] if looks_again else {},
        before=seen_when_approved(session, review.app_id, review.subject) if looks_again else {},
        seen=step.seen,
    )


def evidence_for_draft(session: Session, check: DraftCheck, profile: Profile) -> Evidence:
    """Returns what a step that looks at a draft may use: what the draft was when the check was asked for."""
    return Evidence(
        check.app_name,
        check.evidence,
        profile,
        components=check.components,
        pictures=_pictures(session, check.app_id, check.evidence),
        seen=check.seen,
    )


def runs_of_step(session: Session, step: ReviewStep, review: Review, evidence: Evidence) -> WantedRuns | None:
    """Returns the runs that a review's step wants; None if it must wait for another step.

    A look wants none of streams: nobody sends to their sandbox. A burst is sent after the suite has been run.
    """
    if step.code == "volume":
        earlier = select(ReviewStep.id).where(
            ReviewStep.review_id == review.id,
            ReviewStep.code == "component_tests",
            ReviewStep.status == DueStatus.DUE.value,
        )
        if session.scalar(earlier) is not None:
            return None
        policy = load_policies(session).by_version[review.policy_version]
        endpoints = [one for one in evidence.components if one["kind"] == ComponentKind.SUBSCRIPTION]
        plan = BurstPlan(policy.burst_per_second, policy.burst_seconds)
        return WantedRuns(Occasion.REVIEW, endpoints, SCHEDULE.id, review.id, plan)
    occasion = Occasion.LOOK if review.kind == ReviewKind.HEALTH else Occasion.REVIEW
    components = [
        one for one in evidence.components if occasion is not Occasion.LOOK or one["kind"] != ComponentKind.STREAM
    ]
    return WantedRuns(occasion, components, SCHEDULE.id, review.id)


def runs_of_draft(check: DraftCheck, evidence: Evidence) -> WantedRuns:
    """Returns the runs that a look at a draft wants, on behalf of whoever asked for it."""
    return WantedRuns(Occasion.DRAFT, evidence.components, check.requested_by)


def with_tests(
    context: WorkerContext,
    session: Session,
    lease: Lease,
    step: StepDefinition,
    evidence: Evidence,
    wanted_by: Callable[[Evidence], WantedRuns | None],
) -> Evidence | None:
    """Returns the evidence with the tests of the Components, after making those due that had not begun.

    A step without runs has its evidence as it is. `wanted_by` returns the runs that the step wants, None if it must
    wait. Which runs are the step's is kept with it in the same transaction, so that a step that is killed begins none
    twice. Returns None if its row no longer has this lease. Locks the row. Does not commit.
    """
    if not step.has_runs:
        return evidence
    wanted = wanted_by(evidence)
    if not lock_leased_row(session, lease):
        return None
    if wanted is None:
        return replace(evidence, waits=True)
    means = Means(database_now(session), context.unseal, context.allow_loopback)
    started = evidence.seen.get("runs", {})
    runs = start_runs(session, wanted, started, means)
    seen = {**evidence.seen, "runs": runs}
    if runs != started:
        keep_seen(session, lease, seen)
        ring_after_commit(session, Bell.TESTS)
    tests = review_components(session, wanted, runs, means)
    return replace(evidence, seen=seen, tests=tests, occasion=wanted.occasion)


def _pictures(session: Session, app_id: UUID, given: Mapping[str, Any]) -> Mapping[str, PictureFacts]:
    shots = given.get("screenshots", ())
    return facts_of_pictures(session, app_id, shots) if isinstance(shots, list) else {}
