"""Messages between reviewers and partners about a review, and notes that only reviewers see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from workflow.identity.staff import WITH_TEAM, holder_or_team
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.notify import Recipient, notify_of_apps
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reviewing.desk import lock_review
from workflow.reviewing.unread import note_unread
from workflow.sql.arrays import app_ids
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

MAX_MESSAGES = 500
"""The number of messages, and of notes, that one review may have."""
MAX_MESSAGES_A_DAY = 50
"""Messages about one App that one side may write within a day. Each mails the other side."""
MAX_MESSAGES_OF_COMPANY = 200
"""Messages about all its Apps that a company may write within a day."""

_NEWEST = text("""
    SELECT r.id FROM review r WHERE r.app_id = :app_id AND r.kind <> 'health' ORDER BY r.opened_version DESC LIMIT 1
""")

_PEOPLE_OF_COMPANY = app_ids("""
    SELECT p.id FROM app a JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL
     WHERE a.id = ANY(:ids)
""")

_ABOUT_APP = {
    side: text(f"""
        SELECT m.written_at FROM review r JOIN review_message m ON m.review_id = r.id
         WHERE r.app_id = :of AND m.side = '{side}' AND m.written_at > :since
         ORDER BY m.written_at DESC OFFSET :before LIMIT 1
    """)
    for side in Side
}
_OF_COMPANY = text(f"""
    SELECT m.written_at FROM app a JOIN review r ON r.app_id = a.id JOIN review_message m ON m.review_id = r.id
     WHERE a.organization_id = :of AND m.side = '{Side.PARTNER}' AND m.written_at > :since
     ORDER BY m.written_at DESC OFFSET :before LIMIT 1
""")
"""When the oldest of as many messages as may be written within a day was written; nothing if there are fewer."""

_HOLDER_OR_TEAM = text(f"{WITH_TEAM} SELECT id FROM ({holder_or_team('CAST(:holder AS uuid)')}) told")


def write_as_partner(session: Session, slug: str, words: str, actor: Actor, now: datetime) -> ReviewMessage:
    """Stores and returns a message from the App's company about its newest review.

    Notifies the review's holder, or the team if it has none who may review now. Locks the App and the review, and the
    company's count. Does not commit. Raises NotFound, and Conflict if the App was never submitted, or there are too
    many messages: of the review, or within a day.
    """
    app = lock_app(session, slug, actor)
    newest = session.scalar(_NEWEST, {"app_id": app.id})
    if newest is None:
        detail = f"{slug} has never been submitted, so there is no reviewer to write to."
        raise Conflict("review.none", detail, "Submit it first.")
    review = lock_review(session, newest)
    lock_names(session, LockSpace.MAILBOX, str(app.organization_id))
    _bound_messages(session, _OF_COMPANY, MAX_MESSAGES_OF_COMPANY, "Your company has", app.organization_id, now)
    message = _write_message(session, review, Side.PARTNER, words, actor, now)
    log_action(session, actor, "app.message", slug, message=str(message.id))
    told = session.scalars(_HOLDER_OR_TEAM, {"holder": review.claimed_by, "now": now}).all()
    _notify(session, NotificationKind.MESSAGE_TO_REVIEWER, message, review, told, now)
    return message


def write_as_reviewer(session: Session, review_id: UUID, words: str, actor: Actor, now: datetime) -> ReviewMessage:
    """Stores and returns a reviewer's message to the App's company, and notifies its people.

    The review must be the App's newest, because the partner's answers belong to that. Locks the App and the review.
    Does not commit. Raises NotFound and Conflict.
    """
    review = lock_review(session, review_id)
    if session.scalar(_NEWEST, {"app_id": review.app_id}) != review.id:
        raise Conflict("review.not_newest", "The App has a newer review.", "Write the message there.")
    message = _write_message(session, review, Side.REVIEWER, words, actor, now)
    log_action(session, actor, "review.message", review_id, message=str(message.id))
    company = session.scalars(_PEOPLE_OF_COMPANY, {"ids": [review.app_id]}).all()
    _notify(session, NotificationKind.MESSAGE_TO_PARTNER, message, review, company, now)
    return message


def write_note(session: Session, review_id: UUID, words: str, actor: Actor, now: datetime) -> InternalNote:
    """Stores and returns a note on an open or closed review. Locks the App and the review. Does not commit.

    Raises NotFound, and Conflict if the review has too many notes.
    """
    review = lock_review(session, review_id)
    _require_space(session, InternalNote, review)
    note = InternalNote(review_id=review.id, author_id=actor.id, text=words, written_at=now)
    session.add(note)
    _record_act(review, actor, now)
    session.flush()
    log_action(session, actor, "review.note", review_id, note=str(note.id))
    return note


@dataclass(frozen=True, slots=True)
class ConversationEntry:
    """A message or a note (whose `side` is None) with the round of its review and its author's name.

    `author` is None where a partner would read a reviewer's name.
    """

    id: UUID
    review_id: UUID
    round: int
    side: Side | None
    author: str | None
    text: str
    written_at: datetime


def list_messages(
    session: Session, app_id: UUID, reader: Side, wanted: PageRequest, *, newest_first: bool = False
) -> PageOf[ConversationEntry]:
    """Returns a page of the messages about all rounds of an App, oldest first, as `reader`'s side may see them."""
    return _list_entries(session, ReviewMessage, app_id, reader, wanted, newest_first=newest_first)


def list_notes(session: Session, app_id: UUID, wanted: PageRequest) -> PageOf[ConversationEntry]:
    """Returns a page of the notes on all reviews of an App, oldest first. Show them to reviewers only."""
    return _list_entries(session, InternalNote, app_id, Side.REVIEWER, wanted)


def to_entries(session: Session, rows: Sequence[ReviewMessage | InternalNote], reader: Side) -> list[ConversationEntry]:
    """Returns messages or notes as `reader`'s side may see them. Two queries, whatever their number."""
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
        ConversationEntry(
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


def _list_entries(
    session: Session,
    table: type[ReviewMessage | InternalNote],
    app_id: UUID,
    reader: Side,
    wanted: PageRequest,
    *,
    newest_first: bool = False,
) -> PageOf[ConversationEntry]:
    statement: Select[Any] = select(table).join(Review, Review.id == table.review_id).where(Review.app_id == app_id)
    found = read_page(session, statement, table.id, wanted, newest_first=newest_first)
    return found.map(lambda rows: to_entries(session, rows, reader))


def _side_of(row: ReviewMessage | InternalNote) -> Side | None:
    return Side(row.side) if isinstance(row, ReviewMessage) else None


def _write_message(
    session: Session, review: Review, side: Side, words: str, actor: Actor, now: datetime
) -> ReviewMessage:
    _require_space(session, ReviewMessage, review)
    who = "Your company has" if side is Side.PARTNER else "Reviewers have"
    _bound_messages(
        session, _ABOUT_APP[side], MAX_MESSAGES_A_DAY, f"About this App, {who[0].lower()}{who[1:]}", review.app_id, now
    )
    message = ReviewMessage(review_id=review.id, side=side.value, author_id=actor.id, text=words, written_at=now)
    session.add(message)
    _record_act(review, actor, now)
    session.flush()
    note_unread(session, review.app_id, message)
    return message


def _require_space(session: Session, table: type[ReviewMessage | InternalNote], review: Review) -> None:
    """Raises Conflict if the review is full. The caller holds its lock, so two writers cannot exceed the bound."""
    count = session.scalars(select(func.count()).select_from(table).where(table.review_id == review.id)).one()
    if count >= MAX_MESSAGES:
        what = "messages" if table is ReviewMessage else "notes"
        detail = f"This review has {MAX_MESSAGES} {what}, the most that a review may have."
        raise Conflict("review.too_much_said", detail, "Decide the review, or talk outside of it.")


def _bound_messages(session: Session, newest: Any, most: int, who: str, of: UUID, now: datetime) -> None:
    """Raises Conflict if `most` messages were written within a day. The caller holds a lock, so writers take turns."""
    since = now - timedelta(days=1)
    first = session.scalar(newest, {"of": of, "since": since, "before": most - 1})
    if first is not None:
        detail = f"{who} written {most} messages within a day, the most that may be."
        remedy = (
            f"Write again after {first + timedelta(days=1):%Y-%m-%d %H:%M} UTC; say all that is left in one message."
        )
        raise Conflict("review.too_many_messages", detail, remedy)


def _record_act(review: Review, actor: Actor, now: datetime) -> None:
    if review.claimed_by == actor.id and review.closed_at is None:
        review.last_act_at = now


def _notify(
    session: Session,
    kind: NotificationKind,
    message: ReviewMessage,
    review: Review,
    people: Sequence[UUID],
    now: datetime,
) -> None:
    recipients = [Recipient(review.app_id, person, f"message:{message.id}") for person in people]
    notify_of_apps(session, kind, recipients, now)
    ring_after_commit(session, Bell.NOTIFICATIONS)
