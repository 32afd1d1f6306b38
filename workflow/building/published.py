"""What the catalog shows of an App, or would show again after a suspension, and what its draft says otherwise."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Review, Submission
from models.lifecycle import LISTED_STATES, AppState
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
    if app.published == 0 or app.state == AppState.REMOVED:
        return None
    approved = (
        select(Submission, Review.closed_at)
        .join(Review, (Review.app_id == Submission.app_id) & (Review.opened_version == Submission.app_version))
        .where(Submission.app_id == app.id, Submission.app_version == app.published)
    )
    submission, closed_at = session.execute(approved).one()
    approved_at = closed_at or submission.submitted_at
    changes = difference(submission.snapshot, current_snapshot(session, app.id))
    return PublishedEntry(submission.round, approved_at, app.state in LISTED_STATES, changes)
