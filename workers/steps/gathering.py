"""Gathers what a review step may use, from the submission or from the draft that it looks at."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import DraftCheck, Review, ReviewStep, Submission
from models.lifecycle import ReviewKind
from models.review import STEPS
from workers.steps.step import Evidence
from workflow.assets.facts import PictureFacts, facts_of_pictures
from workflow.profile.document import Profile
from workflow.reviewing.baseline import seen_when_approved


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


def _pictures(session: Session, app_id: UUID, given: Mapping[str, Any]) -> Mapping[str, PictureFacts]:
    shots = given.get("screenshots", ())
    return facts_of_pictures(session, app_id, shots) if isinstance(shots, list) else {}
