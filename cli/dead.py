"""`devcenter dead`: lists work that has used up its attempts and rejected messages, replays the former and acknowledges
the latter."""

from uuid import UUID

from sqlalchemy.orm import Session

from cli.mistakes import USAGE, Mistake
from cli.place import unit_of_work
from workflow.identity.actors import COMMAND_LINE
from workflow.operating.dead_rows import LISTED_KINDS, DeadRow, list_dead_rows, replay_matching
from workflow.operating.dead_rows import replay as replay_row
from workflow.operating.rejected_messages import MAX_ACKNOWLEDGED, acknowledge_matching
from workflow.operating.rejected_messages import acknowledge as acknowledge_message
from workflow.pages import PageRequest

MAX_LISTED = 200


def list_dead(session: Session) -> list[DeadRow]:
    """Returns the newest 200 dead rows of each kind, and the newest 200 rejected messages."""
    return [row for kind in LISTED_KINDS for row in list_dead_rows(session, kind, PageRequest(limit=MAX_LISTED)).rows]


def replay(database_url: str, kind: str, row_id: UUID) -> None:
    """Makes a dead row due again and logs that in the audit log. Commits. Workers find the row within seconds.

    Raises NotFound if the row is not dead, Conflict if it cannot be replayed, and Mistake for an unknown kind.
    """
    _check_kind(kind)
    with unit_of_work(database_url) as session:
        replay_row(session, kind, row_id, COMMAND_LINE)


def replay_together(database_url: str, kind: str, lane: str | None, error: str | None) -> int:
    """Makes dead rows of a kind due again, all or those that match a lane or a text in their error. Returns how many.

    Commits after every 1,000 rows. Raises Conflict if the kind cannot be replayed together, Mistake if it is unknown.
    """
    _check_kind(kind)
    if lane == "" or error == "":
        raise Mistake("An empty text fits every row.", "Say --all if all are meant.", USAGE)
    replayed, after = 0, None
    while True:
        with unit_of_work(database_url) as session:
            some = replay_matching(session, kind, COMMAND_LINE, lane=lane, error=error, after=after)
        replayed, after = replayed + some.count, some.last
        if after is None:
            return replayed


def acknowledge(database_url: str, message_id: UUID) -> None:
    """Deletes a rejected message that somebody has looked at, and logs that. Commits. Raises NotFound."""
    with unit_of_work(database_url) as session:
        acknowledge_message(session, message_id, COMMAND_LINE)


def acknowledge_together(database_url: str, error: str | None) -> int:
    """Deletes all rejected messages, or those with `error` in their error. Returns how many.

    Commits after every 1,000. Raises Mistake for an empty text.
    """
    if error == "":
        raise Mistake("An empty text fits every message.", "Say --all if all are meant.", USAGE)
    acknowledged = 0
    while True:
        with unit_of_work(database_url) as session:
            count = acknowledge_matching(session, COMMAND_LINE, error=error)
        acknowledged += count
        if count < MAX_ACKNOWLEDGED:
            return acknowledged


def _check_kind(kind: str) -> None:
    if kind not in LISTED_KINDS:
        raise Mistake(f"There is no kind of dead rows named {kind}.", f"Use one of: {', '.join(LISTED_KINDS)}.", USAGE)
