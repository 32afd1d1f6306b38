"""`devcenter dead`: work that has used up its tries, messages that could not be taken in, and doing them again."""

from uuid import UUID

from sqlalchemy.orm import Session

from cli.mistakes import USAGE, Mistake
from cli.place import COMMAND_LINE, unit_of_work
from workflow.operating.dead_rows import LISTED_KINDS, DeadRow, list_dead_rows, replay_matching
from workflow.operating.dead_rows import replay as replay_row
from workflow.pages import PageRequest

MAX_LISTED = 200


def list_dead(session: Session) -> list[DeadRow]:
    """Returns the newest 200 of each kind, rejected messages included."""
    return [row for kind in LISTED_KINDS for row in list_dead_rows(session, kind, PageRequest(limit=MAX_LISTED)).rows]


def replay(database_url: str, kind: str, row_id: UUID) -> None:
    """Makes a dead row due again and writes that into the audit log. Commits. Workers find it within seconds.

    Raises NotFound when it is not dead, Conflict when it cannot be replayed, Mistake for a kind that there is not.
    """
    _check_kind(kind)
    with unit_of_work(database_url) as session:
        replay_row(session, kind, row_id, COMMAND_LINE)


def replay_together(database_url: str, kind: str, lane: str | None, error: str | None) -> int:
    """Makes all dead rows of a kind due again, or those of a lane or with a text in their error; returns how many.

    Commits every thousand. Raises Conflict when they cannot be replayed together, Mistake for a kind that there is not.
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


def _check_kind(kind: str) -> None:
    if kind not in LISTED_KINDS:
        raise Mistake(f"{kind} is no kind of dead row.", f"Use one of: {', '.join(LISTED_KINDS)}.", USAGE)
