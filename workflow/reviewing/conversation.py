"""What is said about a review: messages between the two sides, and notes that stay in the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from models import InternalNote, Person, Review, ReviewMessage, Submission
from models.conversation import Side
from workflow.apps import lock_app
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.telling import Told, notify_of_apps
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reviewing.desk import lock_review
from workflow.sql.arrays import app_ids
from workflow.work.bells import Bell, ring_after_commit

MAX_MESSAGES = 500
"""Messages, and notes, that one review may have."""

_NEWEST = text("""
    SELECT r.id FROM submission s JOIN review r ON r.submission_id = s.id
     WHERE s.app_id = :app_id ORDER BY s.app_version DESC LIMIT 1
""")

_COMPANY = app_ids("""
    SELECT p.id FROM app a JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL
     WHERE a.id = ANY(:ids)
""")

_HOLDER_OR_TEAM = text("""
    WITH holder AS (SELECT id FROM person
                     WHERE id = :holder AND removed_at IS NULL AND role IN ('reviewer', 'admin'))
    SELECT id FROM holder
    UNION ALL
    SELECT id FROM person
     WHERE role = 'reviewer' AND removed_at IS NULL AND NOT EXISTS (SELECT FROM holder)
""")


def write_as_partner(session: Session, slug: str, words: str, actor: Actor, now: datetime) -> ReviewMessage:
    """Returns a message of the App's company on its newest review; who held it is told, else the team. Does not commit.

    Raises NotFound, and Conflict when the App was never submitted or too much was said.
    """
    app = lock_app(session, slug, actor)
    newest = session.scalar(_NEWEST, {"app_id": app.id})
    if newest is None:
        raise Conflict("review.none", f"{slug} was never submitted: there is nobody to write to.", "Submit it first.")
    review = lock_review(session, newest)
    message = _write_message(session, review, Side.PARTNER, words, actor, now)
    log_action(session, actor, "app.message", slug, message=str(message.id))
    team = session.scalars(_HOLDER_OR_TEAM, {"holder": review.claimed_by}).all()
    _tell(session, NotificationKind.MESSAGE_TO_REVIEWER, message, review, team, now)
    return message


def write_as_reviewer(session: Session, review_id: UUID, words: str, actor: Actor, now: datetime) -> ReviewMessage:
    """Returns a reviewer's message to the App's company, whose people are told. Does not commit.

    It is on the App's newest review, where the partner answers. Raises NotFound and Conflict.
    """
    review = lock_review(session, review_id)
    if session.scalar(_NEWEST, {"app_id": review.app_id}) != review.id:
        raise Conflict("review.not_newest", "The App has a newer review.", "Write on that one.")
    message = _write_message(session, review, Side.REVIEWER, words, actor, now)
    log_action(session, actor, "review.message", review_id, message=str(message.id))
    company = session.scalars(_COMPANY, {"ids": [review.app_id]}).all()
    _tell(session, NotificationKind.MESSAGE_TO_PARTNER, message, review, company, now)
    return message


def write_note(session: Session, review_id: UUID, words: str, actor: Actor, now: datetime) -> InternalNote:
    """Returns a note on a review, open or over, that only reviewers see. Does not commit. Raises NotFound, Conflict."""
    review = lock_review(session, review_id)
    _check_room(session, InternalNote, review)
    note = InternalNote(review_id=review.id, author_id=actor.id, text=words, written_at=now)
    session.add(note)
    _note_act(review, actor, now)
    session.flush()
    log_action(session, actor, "review.note", review_id, note=str(note.id))
    return note


@dataclass(frozen=True, slots=True)
class Said:
    """A message or a note (`side` is None), the round whose review it is on, and its author's name.

    Partners are not told the names of reviewers: to them `author` is None then.
    """

    id: UUID
    review_id: UUID
    round: int
    side: Side | None
    author: str | None
    text: str
    written_at: datetime


def list_messages(session: Session, app_id: UUID, reader: Side, wanted: PageRequest) -> PageOf[Said]:
    """Returns a page of the messages about an App, of all its rounds, oldest first, as `reader`'s side sees them."""
    return _list_said(session, ReviewMessage, app_id, reader, wanted)


def list_notes(session: Session, app_id: UUID, wanted: PageRequest) -> PageOf[Said]:
    """Returns a page of the notes on an App's reviews, oldest first. They are the reviewers' alone."""
    return _list_said(session, InternalNote, app_id, Side.REVIEWER, wanted)


def as_said(session: Session, rows: Sequence[ReviewMessage | InternalNote], reader: Side) -> list[Said]:
    """Returns messages or notes as `reader`'s side sees them: two queries, however many they are."""
    rounds = (
        select(Review.id, Submission.round)
        .join(Submission, Submission.id == Review.submission_id)
        .where(Review.id.in_([row.review_id for row in rows]))
    )
    round_of = {row.id: row.round for row in session.execute(rounds)}
    named = [row.author_id for row in rows if reader is Side.REVIEWER or _side_of(row) is Side.PARTNER]
    people = select(Person.id, Person.name).where(Person.id.in_(named))
    name_of = {row.id: row.name for row in session.execute(people)}
    return [
        Said(
            id=row.id,
            review_id=row.review_id,
            round=round_of[row.review_id],
            side=_side_of(row),
            author=name_of.get(row.author_id),
            text=row.text,
            written_at=row.written_at,
        )
        for row in rows
    ]


def _list_said(
    session: Session, table: type[ReviewMessage | InternalNote], app_id: UUID, reader: Side, wanted: PageRequest
) -> PageOf[Said]:
    statement: Select[Any] = select(table).join(Review, Review.id == table.review_id).where(Review.app_id == app_id)
    return read_page(session, statement, table.id, wanted).map(lambda rows: as_said(session, rows, reader))


def _side_of(row: ReviewMessage | InternalNote) -> Side | None:
    return Side(row.side) if isinstance(row, ReviewMessage) else None


def _write_message(
    session: Session, review: Review, side: Side, words: str, actor: Actor, now: datetime
) -> ReviewMessage:
    _check_room(session, ReviewMessage, review)
    message = ReviewMessage(review_id=review.id, side=side.value, author_id=actor.id, text=words, written_at=now)
    session.add(message)
    _note_act(review, actor, now)
    session.flush()
    return message


def _check_room(session: Session, table: type[ReviewMessage | InternalNote], review: Review) -> None:
    """Counts under the review's lock, so that two writers cannot both be the last."""
    count = session.scalars(select(func.count()).select_from(table).where(table.review_id == review.id)).one()
    if count >= MAX_MESSAGES:
        raise Conflict("review.too_much_said", f"This review has {MAX_MESSAGES} of these.", "Decide it, or call them.")


def _note_act(review: Review, actor: Actor, now: datetime) -> None:
    if review.claimed_by == actor.id and review.closed_at is None:
        review.last_act_at = now


def _tell(
    session: Session,
    kind: NotificationKind,
    message: ReviewMessage,
    review: Review,
    people: Sequence[UUID],
    now: datetime,
) -> None:
    told = [Told(review.app_id, person, f"message:{message.id}") for person in people]
    notify_of_apps(session, kind, told, now)
    ring_after_commit(session, Bell.NOTIFICATIONS)
