"""Seals rows that other tables are given, in segments: HMACs with the history's key, made after the commit.

One chain over all rows, made as they are written, would have every write wait for the one before it. So a job seals
what was committed, each minute. A row that is rewritten before it was sealed is not found out: that is the gap.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import HistorySegment
from workflow.history.coverage import SEALED, Sealed
from workflow.history.digests import row_digest

LATE_BY = timedelta(minutes=5)
"""How long after its time a row may be committed. It must be longer than any transaction may take.

The setting `transaction_timeout_s` is below it.
"""
SEAL_BYTES = 32
Step = Callable[[Session, int], int]
"""Seals up to so many rows, and returns how many it found. Does not commit."""
NO_SEAL: Final = bytes(SEAL_BYTES)
"""The seal before a table's first segment."""

_ROW = b"devcenter: a sealed row\x01"
_SEGMENT = b"devcenter: a segment of the history\x01"


def sealing_steps(key: bytes) -> list[Step]:
    """Returns a step for each sealed table. No writer waits for a step."""
    return [partial(seal_next, table, key) for table in SEALED.values()]


def seal_next(table: Sealed, key: bytes, session: Session, limit: int) -> int:
    """Seals up to `limit` rows of one table as its next segment, if there are any. Returns how many. Does not commit.

    Of two processes that seal at once one does, and the other returns 0.
    """
    now = canonical_session(session)
    last = session.execute(_LAST, {"table": table.table}).one_or_none()
    columns = table.columns
    rows = session.execute(_unsealed(table, columns, last is not None), _since(table, last) | {"limit": limit}).all()
    if not rows:
        return 0
    through = max(rows[-1].time, last.through) if last else rows[-1].time
    number, previous = (last.number + 1, bytes(last.seal)) if last else (1, NO_SEAL)
    segment = SealedSegment(
        table=table.table,
        number=number,
        through=through,
        sealed_at=now,
        columns=columns,
        keys=tuple(row.key for row in rows),
        row_seals=b"".join(row_seal(key, table.table, row.key, bytes(row.digest)) for row in rows),
    )
    new = insert(HistorySegment).values(
        table_name=segment.table,
        number=segment.number,
        through=segment.through,
        sealed_at=segment.sealed_at,
        columns=list(segment.columns),
        keys=list(segment.keys),
        row_seals=segment.row_seals,
        seal=segment_seal(key, segment, previous),
    )
    is_new = session.scalar(new.on_conflict_do_nothing().returning(HistorySegment.number)) is not None
    return len(rows) if is_new else 0


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """What the seal of a segment covers."""

    table: str
    number: int
    through: datetime
    sealed_at: datetime
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    row_seals: bytes


def row_seal(key: bytes, table: str, row_key: str, digest: bytes) -> bytes:
    """Returns the HMAC of a row. Unlike a bare digest it does not allow guessing what an erased row said."""
    return hmac.digest(key, _ROW + _joined((table.encode(), row_key.encode(), digest)), "sha256")


def segment_seal(key: bytes, segment: SealedSegment, previous: bytes) -> bytes:
    """Returns the HMAC that binds the segment to the table's segment before it."""
    parts = (
        segment.table.encode(),
        str(segment.number).encode(),
        *(
            at.astimezone(UTC).isoformat(timespec="microseconds").encode()
            for at in (segment.through, segment.sealed_at)
        ),
        _joined(tuple(column.encode() for column in segment.columns)),
        _joined(tuple(row_key.encode() for row_key in segment.keys)),
        segment.row_seals,
        previous,
    )
    return hmac.digest(key, _SEGMENT + _joined(parts), "sha256")


def canonical_session(session: Session) -> datetime:
    """Has Postgres write values in one form, whatever the session's settings are. Returns the database's time.

    Holds for the transaction.
    """
    now: datetime = session.execute(_CANONICAL).one().now
    return now


_CANONICAL = text(
    "SELECT set_config('TimeZone', 'UTC', true), set_config('bytea_output', 'hex', true), clock_timestamp() AS now"
)
_LAST = text("""
    SELECT number, through, seal FROM history_segment WHERE table_name = :table ORDER BY number DESC LIMIT 1
""")


def _unsealed(table: Sealed, columns: Sequence[str], goes_on: bool) -> Any:
    """Returns the statement for the oldest unsealed rows: of drafts among all rows, else among recent ones."""
    since = "true" if table.is_draft else f"{table.time} >= :since"
    place = f"""
       AND {since}
       AND {table.key} NOT IN (SELECT unnest(keys) FROM history_segment
                                WHERE table_name = :table {"" if table.is_draft else "AND through >= :since"})
    """
    return text(f"""
        SELECT {table.key} AS key, {table.time} AS time, {row_digest(table.table, "t", columns)} AS digest
          FROM {table.rows} WHERE {table.final} {place if goes_on else ""}
         ORDER BY 2, 1 LIMIT :limit
    """)


def _since(table: Sealed, last: Any) -> dict[str, object]:
    return {"table": table.table, "since": last.through - LATE_BY} if last else {}


def _joined(parts: Sequence[bytes]) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])
