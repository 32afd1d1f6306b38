"""What has been said about a review, and what the reader is about to say of it, all in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.conversation import Side
from workflow.identity.actors import Actor
from workflow.reviewing.conversation import ConversationEntry
from workflow.reviewing.dossier import find_review

MAX_SAID = 200
"""How many messages, and how many notes, are read: the newest ones."""


@dataclass(frozen=True, slots=True)
class OwnDraft:
    """What somebody is about to say of a review, with the codes of the saved reasons that they have picked."""

    text: str
    saved: tuple[str, ...]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """The messages and the notes about all rounds of a review's App, oldest first, and the reader's own draft."""

    messages: tuple[ConversationEntry, ...]
    notes: tuple[ConversationEntry, ...]
    draft: OwnDraft | None


def read_what_was_said(session: Session, review_id: UUID, reader: Actor) -> Said:
    """Returns what was said about the review, for a reviewer or an admin. Locks nothing. Raises NotFound."""
    wanted = {"review_id": review_id, "reader_id": reader.id, "limit": MAX_SAID}
    rows = session.execute(_SAID, wanted).all()
    if not rows:
        find_review(session, review_id)
    draft = next((OwnDraft(row.text, tuple(row.saved), row.written_at) for row in rows if row.what == "draft"), None)
    return Said(_entries(rows, "message"), _entries(rows, "note"), draft)


def _entries(rows: Sequence[Row[Any]], what: str) -> tuple[ConversationEntry, ...]:
    found = sorted((row for row in rows if row.what == what), key=lambda row: row.id)
    return tuple(
        ConversationEntry(
            row.id, row.review_id, row.round, Side(row.side) if row.side else None, row.author, row.text, row.written_at
        )
        for row in found
    )


def _written(what: str, table: str, side: str) -> str:
    return f"""
        (SELECT '{what}' AS what, w.id, w.review_id, s.round, {side} AS side, p.name AS author, w.text,
                NULL::text[] AS saved, w.written_at
           FROM looked JOIN review r ON r.app_id = looked.app_id
           JOIN submission s ON s.id = r.submission_id
           JOIN {table} w ON w.review_id = r.id
           JOIN person p ON p.id = w.author_id
          ORDER BY w.id DESC LIMIT :limit)
    """


_SAID = text(f"""
    WITH looked AS MATERIALIZED (SELECT app_id FROM review WHERE id = :review_id)
    {_written("message", "review_message", "w.side")}
    UNION ALL
    {_written("note", "internal_note", "NULL")}
    UNION ALL
    SELECT 'draft', NULL, d.review_id, NULL, NULL, NULL, d.text, d.saved, d.written_at
      FROM review_draft d WHERE d.review_id = :review_id AND d.person_id = :reader_id
""")
