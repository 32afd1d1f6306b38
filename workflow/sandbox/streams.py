"""The streams that may send to the sandbox, found by their write keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from workflow.sql.arrays import Bytes, statement


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as the sandbox knows it: its App's slug, and the events that it declares at its present revision."""

    component_id: UUID
    app_slug: str
    revision: int
    declared: tuple[str, ...]


def find_streams(session: Session, key_hashes: Sequence[bytes]) -> list[Stream | None]:
    """Returns the stream of each hash of a write key, None where there is none. One query."""
    found = {
        bytes(row.write_key_hash): Stream(row.component_id, row.app_slug, row.revision, tuple(row.events or ()))
        for row in session.execute(_BY_KEY, {"hashes": list(set(key_hashes))})
    }
    return [found.get(one) for one in key_hashes]


_BY_KEY = statement(
    """
    SELECT s.component_id, s.app_slug, s.write_key_hash, s.revision, s.events
      FROM unnest(:hashes) wanted JOIN tracked_stream s ON s.write_key_hash = wanted
    """,
    hashes=Bytes(),
)
