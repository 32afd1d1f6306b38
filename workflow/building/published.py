"""What the catalog shows of an App, or would show again after a suspension, and what its draft says otherwise."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Review, Submission
from models.lifecycle import LISTED_STATES, AppState
from models.review import ReviewOutcome
from workflow.catalog.snapshots import current_snapshot
from workflow.reviewing.difference import Difference, difference


@dataclass(frozen=True, slots=True)
class PublishedEntry:
    """The submission whose content the catalog shows, or shows again if the App is reinstated (`is_shown` is False).

    `changes`: how the draft differs from it. None of that is shown before it was reviewed.
    """

    round: int
    approved_at: datetime
    is_shown: bool
    changes: Difference


def published_entry(session: Session, app: App) -> PublishedEntry | None:
    """Returns the App's entry; None if it has none and gets none by being reinstated. Two queries. Locks nothing."""
    if app.state not in LISTED_STATES and app.state != AppState.SUSPENDED:
        return None
    approved = (
        select(Submission, Review)
        .join(Review, Review.submission_id == Submission.id)
        .where(Submission.app_id == app.id, Review.outcome == ReviewOutcome.APPROVED.value)
        .order_by(Submission.app_version.desc())
        .limit(1)
    )
    row = session.execute(approved).one_or_none()
    if row is None or row[1].closed_at is None:
        return None
    submission, approved_at = row[0], row[1].closed_at
    changes = difference(submission.snapshot, current_snapshot(session, app.id))
    return PublishedEntry(submission.round, approved_at, app.state in LISTED_STATES, changes)
