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
    SELECT component_id, app_slug, write_key_hash, revision, events FROM tracked_stream
     WHERE write_key_hash = ANY(:hashes)
    """,
    hashes=Bytes(),
)
