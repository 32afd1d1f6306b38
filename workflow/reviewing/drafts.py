"""Drafts of what a reviewer is about to say of a review: each is its writer's alone, and of one review."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import ReviewDraft
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.principals import require_present
from workflow.reviewing.dossier import find_review


def find_draft(session: Session, review_id: UUID, actor: Actor) -> ReviewDraft:
    """Returns the actor's own draft for the review. Raises NotFound (the review, or draft.none)."""
    find_review(session, review_id)
    draft = session.get(ReviewDraft, (review_id, actor.id), populate_existing=True)
    if draft is None:
        raise NotFound("draft.none", "You have no draft for this review.", "Write one.")
    return draft


def write_draft(
    session: Session,
    review_id: UUID,
    words: str,
    saved: Sequence[str],
    actor: Actor,
    replaces: datetime | None = None,
) -> ReviewDraft:
    """Stores the actor's draft for an open or closed review, in place of an earlier one, and returns it.

    `replaces` is when the draft that the actor has seen was written (None: any): raises Conflict (draft.changed) if
    it was changed or deleted since, so that of two windows neither overwrites what the other has written. Does not
    commit. Raises NotFound.
    """
    find_review(session, review_id)
    require_present(session, actor)
    own = (ReviewDraft.review_id == review_id, ReviewDraft.person_id == actor.id)
    if replaces is not None:
        stored = session.scalar(select(ReviewDraft.written_at).where(*own).with_for_update())
        if stored != replaces:
            raise Conflict(
                "draft.changed",
                "Your draft was changed in another window since this one read it.",
                "Read it again, put the two together, and send written_at of what you have read.",
            )
    values = {"text": words, "saved": list(saved), "written_at": func.clock_timestamp()}
    statement = insert(ReviewDraft).values(review_id=review_id, person_id=actor.id, **values)
    statement = statement.on_conflict_do_update(index_elements=["review_id", "person_id"], set_=values)
    return session.scalars(statement.returning(ReviewDraft), execution_options={"populate_existing": True}).one()


def delete_draft(session: Session, review_id: UUID, actor: Actor) -> None:
    """Deletes the actor's draft for the review, if there is one. Does not commit. Raises NotFound (the review)."""
    find_review(session, review_id)
    require_present(session, actor)
    session.execute(delete(ReviewDraft).where(ReviewDraft.review_id == review_id, ReviewDraft.person_id == actor.id))
