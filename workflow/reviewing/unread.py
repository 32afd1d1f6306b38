"""Messages that a side of a conversation has not read yet: the company's people, or all reviewers together."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import App, ReviewMessage, UnreadMessages
from models.conversation import Side
from models.lifecycle import Role
from workflow.apps import lock_row_of_app
from workflow.identity.actors import Actor
from workflow.identity.principals import require_present
from workflow.pages import PageOf, PageRequest, read_page
from workflow.sql.arrays import app_ids


@dataclass(frozen=True, slots=True)
class UnreadConversation:
    """An App whose messages the reader's side has not read: how many, since when, and the App's newest review."""

    app: str
    app_name: str
    company: str
    review_id: UUID
    unread: int
    oldest_id: UUID
    oldest_at: datetime
    newest_at: datetime


def note_unread(session: Session, app_id: UUID, message: ReviewMessage) -> None:
    """Notes that the other side has a message to read, and that the writer's side has read all. Does not commit.

    The caller holds the App's lock, as whoever reads does.
    """
    other = Side.PARTNER if message.side == Side.REVIEWER else Side.REVIEWER
    of_message = {"app_id": app_id, "id": message.id, "at": message.written_at}
    session.execute(_NOTE, of_message | {"side": other.value})
    session.execute(_ALL_READ, {"app_id": app_id, "side": message.side})


def mark_read(session: Session, app_id: UUID, side: Side, actor: Actor, up_to: UUID) -> int:
    """Notes that the side has read the App's messages up to the one with this id. Returns how many are left unread.

    An older id than before changes nothing. Locks the App. Does not commit.
    """
    lock_row_of_app(session, app_id)
    require_present(session, actor)
    session.execute(_READ, {"app_id": app_id, "side": side.value, "up_to": up_to})
    session.execute(_NONE_LEFT, {"app_id": app_id, "side": side.value, "up_to": up_to})
    left = session.scalar(
        select(UnreadMessages.count).where(UnreadMessages.app_id == app_id, UnreadMessages.side == side.value)
    )
    return left or 0


def list_unread(
    session: Session, actor: Actor, wanted: PageRequest, slug: str | None = None
) -> PageOf[UnreadConversation]:
    """Returns a page of the conversations with messages that the actor's side has not read, the longest waiting first.

    A partner sees those of their company, reviewers and admins all; with `slug` only the one about that App. Two
    queries.
    """
    side = Side.PARTNER if actor.role is Role.PARTNER else Side.REVIEWER
    statement = select(UnreadMessages).where(UnreadMessages.side == side.value)
    if side is Side.PARTNER:
        own = select(App.id).where(App.organization_id == actor.organization_id)
        statement = statement.where(UnreadMessages.app_id.in_(own))
    if slug is not None:
        statement = statement.where(UnreadMessages.app_id.in_(select(App.id).where(App.slug == slug)))
    found = read_page(session, statement, UnreadMessages.oldest_id, wanted)

    def with_apps(rows: list[UnreadMessages]) -> list[UnreadConversation]:
        ids = [row.app_id for row in rows]
        about = {row.id: row for row in session.execute(_ABOUT, {"ids": ids})}
        return [
            UnreadConversation(
                app=about[row.app_id].slug,
                app_name=about[row.app_id].name,
                company=about[row.app_id].company,
                review_id=about[row.app_id].review_id,
                unread=row.count,
                oldest_id=row.oldest_id,
                oldest_at=row.oldest_at,
                newest_at=row.newest_at,
            )
            for row in rows
        ]

    return found.map(lambda rows: with_apps(list(rows)))


_NOTE = text("""
    INSERT INTO unread_messages AS u (app_id, side, count, oldest_id, oldest_at, newest_at)
    VALUES (:app_id, :side, 1, :id, :at, :at)
    ON CONFLICT (app_id, side) DO UPDATE SET count = u.count + 1, newest_at = excluded.newest_at
""")
_ALL_READ = text("DELETE FROM unread_messages WHERE app_id = :app_id AND side = :side")

_LEFT = """
    SELECT count(*) AS count, min(m.id::text)::uuid AS oldest_id, min(m.written_at) AS oldest_at
      FROM review r JOIN review_message m ON m.review_id = r.id
     WHERE r.app_id = :app_id AND m.side <> :side AND m.id > :up_to
"""
_READ = text(f"""
    UPDATE unread_messages u SET count = l.count, oldest_id = l.oldest_id, oldest_at = l.oldest_at
      FROM ({_LEFT}) l
     WHERE u.app_id = :app_id AND u.side = :side AND u.oldest_id <= :up_to AND l.count > 0
""")
_NONE_LEFT = text(f"""
    DELETE FROM unread_messages u USING ({_LEFT}) l
     WHERE u.app_id = :app_id AND u.side = :side AND u.oldest_id <= :up_to AND l.count = 0
""")
"""`_READ` moves the oldest one past `up_to`, so that only one of the two finds anything."""

_ABOUT = app_ids("""
    SELECT a.id, a.slug, a.name, o.name AS company,
           (SELECT r.id FROM review r WHERE r.app_id = a.id AND r.kind <> 'health'
             ORDER BY r.opened_version DESC LIMIT 1) AS review_id
      FROM app a JOIN organization o ON o.id = a.organization_id WHERE a.id = ANY(:ids)
""")
