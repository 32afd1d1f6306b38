"""Dead rows of all kinds: listing them with their errors, and replaying one or all that match."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.lifecycle.requests import replay_request
from workflow.pages import PageOf, PageRequest, cut_page, read_cursor
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import replay_due_row, replay_due_rows

REQUESTS = "transition_request"
MESSAGES = "rejected_message"
DEAD_KINDS = (REQUESTS, *(kind.value for kind in DueKind))
"""The kinds of dead rows that can be replayed."""
LISTED_KINDS = (*DEAD_KINDS, MESSAGES)
MAX_REPLAYED = 1_000
"""The number of rows that one call makes due again."""


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A dead row or a rejected message: its kind and id, what it was about, its attempts, and its last error."""

    kind: str
    id: UUID
    at: datetime
    about: str
    attempts: int
    error: str
    lane: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many rows are due again, and the last of them if there may be more behind it."""

    count: int
    last: UUID | None


def list_dead_rows(
    session: Session, kind: str, wanted: PageRequest, *, lane: str | None = None, error: str | None = None
) -> PageOf[DeadRow]:
    """Returns a page of the dead rows of a kind, newest first: those of `lane` and with `error` in their error.

    Raises KeyError for an unknown kind.
    """
    after = read_cursor(wanted.after, (UUID,))[0] if wanted.after else None
    given = {"after": after, "lane": lane, "error": error}
    chosen = {name: value for name, value in given.items() if value is not None}
    narrowed = " ".join(f"AND {_NARROWED[name]}" for name in chosen)
    statement = text(f"SELECT * FROM ({_SELECT[kind]}) dead WHERE true {narrowed} ORDER BY id DESC LIMIT :limit")
    found = session.execute(statement, {"limit": wanted.limit + 1, **chosen})
    rows = [DeadRow(kind, row.id, row.at, row.about, row.attempts, row.error, row.lane, row.body) for row in found]
    return cut_page(rows, wanted.limit, lambda row: [row.id])


def count_dead(session: Session) -> dict[str, int]:
    """Returns the number of dead rows of each kind, and of rejected messages. One query."""
    parts = [f"SELECT '{kind}' AS kind, count(*) AS many FROM ({_SELECT[kind]}) dead" for kind in LISTED_KINDS]
    return {row.kind: row.many for row in session.execute(text(" UNION ALL ".join(parts)))}


def replay(session: Session, kind: str, row_id: UUID, actor: Actor) -> None:
    """Makes a dead row due again. Does not commit.

    Raises NotFound, and Conflict for a rejected message and for a request that a newer one has superseded.
    """
    if kind == MESSAGES:
        raise Conflict(
            "dead.not_replayable",
            "A rejected message cannot be replayed: its token is not kept.",
            "Fix what its error names and have the sender send it again.",
        )
    if kind == REQUESTS:
        _replay_request(session, row_id)
    else:
        replay_due_row(session, DueKind(kind), row_id)
    log_action(session, actor, "dead.replay", row_id, kind=kind)
    ring_after_commit(session, *Bell)


def replay_matching(
    session: Session,
    kind: str,
    actor: Actor,
    *,
    lane: str | None = None,
    error: str | None = None,
    after: UUID | None = None,
) -> Replayed:
    """Makes up to MAX_REPLAYED dead rows due again, those of `lane` and with `error` in their error where given.

    Does not commit. Raises Conflict for what cannot be replayed together. Rows behind the last one are replayed by
    another call that names it as `after`: a row that is dead again meanwhile is not replayed twice.
    """
    if kind not in list(DueKind):
        raise Conflict(
            "dead.not_replayable_together",
            f"Dead rows of {kind} can be replayed only one by one.",
            f"Replay each by its id. Kinds that can be replayed together are: {', '.join(DueKind)}.",
        )
    found = replay_due_rows(session, DueKind(kind), lane=lane, error=error, after=after, limit=MAX_REPLAYED)
    log_action(session, actor, "dead.replay_matching", kind, lane=lane, error=error, replayed=len(found))
    ring_after_commit(session, LEASED_KINDS[DueKind(kind)].bell)
    return Replayed(len(found), found[-1] if len(found) == MAX_REPLAYED else None)


def _replay_request(session: Session, request_id: UUID) -> None:
    try:
        with session.begin_nested():
            replay_request(session, request_id)
    except IntegrityError as error:
        if "transition_request_scheduled_key" not in str(error):
            raise
        raise Conflict(
            "dead.superseded",
            "The schedule has made the same request again, and that one is due.",
            "There is nothing to do: the newer request will be judged.",
        ) from None


def _due_select(kind: DueKind) -> str:
    return f"""
        SELECT id, due_at AS at, attempts, {LEASED_KINDS[kind].about} AS about,
               coalesce(last_error, '') AS error, lane, NULL AS body
          FROM {kind} WHERE status = 'dead'
    """


_NARROWED = {
    "after": "id < :after",
    "lane": "lane = :lane",
    "error": "strpos(lower(error), lower(:error)) > 0",
}
_SELECT: dict[str, str] = {
    REQUESTS: """
        SELECT r.id, r.finished_at AS at, r.attempts, a.slug || ': ' || r.trigger AS about,
               r.last_error AS error, NULL AS lane, NULL AS body
          FROM transition_request r JOIN app a ON a.id = r.app_id WHERE r.status = 'dead'
    """,
    MESSAGES: """
        SELECT id, received_at AS at, 0 AS attempts, 'queue ' || queue AS about, error, NULL AS lane,
               left(body, 2000) AS body
          FROM rejected_message
    """,
    **{kind.value: _due_select(kind) for kind in DueKind},
}
