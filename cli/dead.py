"""`devcenter dead`: work that has used up its tries, messages that could not be taken in, and doing them again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.mistakes import USAGE, Mistake
from cli.place import record, unit_of_work
from workflow.due import DueKind, replay_due_row
from workflow.requests import replay_request

REQUEST = "transition_request"
MESSAGE = "rejected_message"
REPLAYABLE = (REQUEST, *(kind.value for kind in DueKind))
LISTED_AT_MOST = 200

_REQUESTS = text("""
    SELECT r.id, r.finished_at AS at, r.attempts, a.slug || ': ' || r.trigger AS about, r.last_error AS error
      FROM transition_request r JOIN app a ON a.id = r.app_id
     WHERE r.status = 'dead' ORDER BY r.id DESC LIMIT :limit
""")
_MESSAGES = text("""
    SELECT id, received_at AS at, 0 AS attempts, 'queue ' || queue AS about, error
      FROM rejected_message ORDER BY id DESC LIMIT :limit
""")
_ABOUT = {
    DueKind.REVIEW_STEP: "code",
    DueKind.NOTIFICATION: "kind",
    DueKind.JOB_TICK: "job",
    DueKind.WEBSITE_CHECK: "url",
}


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that rests until somebody looks: its kind and id, what it was about, its tries, and why it ended."""

    kind: str
    id: UUID
    at: datetime
    about: str
    attempts: int
    error: str


def list_dead(session: Session) -> list[DeadRow]:
    """Gives the newest 200 of each kind, rejected messages included."""
    found = [_row(REQUEST, row) for row in session.execute(_REQUESTS, {"limit": LISTED_AT_MOST})]
    for kind in DueKind:
        statement = text(f"""
            SELECT id, due_at AS at, attempts, {_ABOUT[kind]} AS about, coalesce(last_error, '') AS error
              FROM {kind} WHERE status = 'dead' ORDER BY id DESC LIMIT :limit
        """)
        found += [_row(kind.value, row) for row in session.execute(statement, {"limit": LISTED_AT_MOST})]
    return found + [_row(MESSAGE, row) for row in session.execute(_MESSAGES, {"limit": LISTED_AT_MOST})]


def replay(database_url: str, kind: str, row_id: UUID) -> None:
    """Makes a dead row due again and writes that into the audit log. Commits. Workers find it within seconds.

    Raises NotFound when it is not dead, Mistake when rows of `kind` cannot be replayed.
    """
    if kind == MESSAGE:
        raise Mistake(
            "A rejected message cannot be replayed: its token is not kept.",
            "Mend what its error names and let its sender send it again.",
            USAGE,
        )
    if kind not in REPLAYABLE:
        raise Mistake(f"{kind} is no kind of dead row.", f"Use one of: {', '.join(REPLAYABLE)}.", USAGE)
    with unit_of_work(database_url) as session:
        if kind == REQUEST:
            replay_request(session, row_id)
        else:
            replay_due_row(session, DueKind(kind), row_id)
        record(session, "dead.replay", f"{kind}/{row_id}")


def _row(kind: str, row: object) -> DeadRow:
    return DeadRow(kind, row.id, row.at, row.about, row.attempts, row.error)  # type: ignore[attr-defined]
