"""Verifying sealed rows: every segment, every row in it, and that no row was added between those of a segment."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from models import Base
from workflow.history.coverage import SEALED, Sealed
from workflow.history.digests import row_digest
from workflow.history.finding import Finding
from workflow.history.key import fingerprint_of
from workflow.history.sealing import (
    LATE_BY,
    NO_SEAL,
    SEAL_BYTES,
    SealedSegment,
    canonical_session,
    row_seal,
    segment_seal,
)


@dataclass(frozen=True, slots=True)
class SealHead:
    """The newest segment of a table at the time of an export."""

    table: str
    number: int
    seal: bytes


def verify_seals(session: Session, key: bytes, exported: Iterable[SealHead] = ()) -> Iterator[Finding]:
    """Yields every finding about the rows of the sealed tables. Only reads, one segment at a time."""
    canonical_session(session)
    for table in SEALED.values():
        yield from _verify_table(session, table, key)
    yield from _verify_fingerprint(session, key)
    for head in exported:
        stored = session.scalar(_SEAL, {"table": head.table, "number": head.number})
        if stored is None:
            yield Finding("history_segment", f"{head.table} {head.number}", "this exported segment is missing")
        elif bytes(stored) != head.seal:
            yield Finding("history_segment", f"{head.table} {head.number}", "it is not the one that was exported")
    for name in session.scalars(_OTHER_TABLES, {"known": list(SEALED)}):
        yield Finding("history_segment", name, "it is about a table whose rows are not sealed")


def _verify_table(session: Session, table: Sealed, key: bytes) -> Iterator[Finding]:
    previous, expected, through = NO_SEAL, 1, None
    for row in session.execute(_SEGMENTS, {"table": table.table}):
        segment = SealedSegment(
            row.table_name,
            row.number,
            row.through,
            row.sealed_at,
            tuple(row.columns),
            tuple(row.keys),
            bytes(row.row_seals),
        )
        name = f"{table.table} {segment.number}"
        if segment.number != expected:
            yield Finding("history_segment", name, f"number {expected} is missing before it")
        if not hmac.compare_digest(segment_seal(key, segment, previous), bytes(row.seal)):
            yield Finding("history_segment", name, "its seal is wrong: this segment or one before it was changed")
        else:
            yield from _verify_rows(session, table, segment, key)
        previous, expected, through = bytes(row.seal), segment.number + 1, segment.through
    if through is not None and not table.is_draft:
        for added in session.scalars(_added(table), {"table": table.table, "before": through - LATE_BY}):
            yield Finding(table.table, added, "this row was added after the others of its time were sealed")


def _verify_rows(session: Session, table: Sealed, segment: SealedSegment, key: bytes) -> Iterator[Finding]:
    present = {column.name for column in Base.metadata.tables[table.table].columns}
    if not present.issuperset(segment.columns):
        gone = ", ".join(sorted(set(segment.columns) - present))
        yield Finding("history_segment", f"{table.table} {segment.number}", f"it covers unknown columns: {gone}")
        return
    rows: dict[str, Row[Any]] = {
        row.key: row for row in session.execute(_sealed(table, segment.columns), {"keys": list(segment.keys)})
    }
    for index, row_key in enumerate(segment.keys):
        row = rows.get(row_key)
        if row is None:
            if not table.is_draft:
                yield Finding(table.table, row_key, "this row was sealed, and is missing")
            continue
        seal = segment.row_seals[index * SEAL_BYTES : (index + 1) * SEAL_BYTES]
        if not hmac.compare_digest(row_seal(key, table.table, row_key, bytes(row.digest)), seal):
            yield Finding(table.table, row_key, "this row is not as it was when it was sealed")


def _verify_fingerprint(session: Session, key: bytes) -> Iterator[Finding]:
    for row in session.execute(text("SELECT id, fingerprint FROM history_key")):
        if bytes(row.fingerprint) != fingerprint_of(key):
            yield Finding("history_key", str(row.id), "it is the fingerprint of another key")


_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]
_SEGMENTS = text("""
    SELECT table_name, number, through, sealed_at, columns, keys, row_seals, seal
      FROM history_segment WHERE table_name = :table ORDER BY number
""").execution_options(yield_per=10)
_SEAL = text("SELECT seal FROM history_segment WHERE table_name = :table AND number = :number")
_OTHER_TABLES = text("SELECT DISTINCT table_name FROM history_segment WHERE NOT table_name = ANY(:known)")


def _sealed(table: Sealed, columns: Iterable[str]) -> Any:
    """Returns the statement for the digests of the rows with `keys`, found by the primary key's index."""
    keys = list(Base.metadata.tables[table.table].primary_key)
    place = f"{table.key} = ANY(:keys)"
    if len(keys) == 1:
        place = f"t.{keys[0].name} = ANY(CAST(CAST(:keys AS text[]) AS {keys[0].type.compile(_POSTGRES)}[]))"
    return text(f"""
        SELECT {table.key} AS key, {row_digest(table.table, "t", tuple(columns))} AS digest
          FROM {table.table} t WHERE {place}
    """)


def _added(table: Sealed) -> Any:
    """Returns the statement for the keys of final rows that are in no segment, though later ones are."""
    return text(f"""
        SELECT {table.key} FROM {table.rows}
         WHERE {table.final} AND {table.time} < :before
           AND NOT EXISTS (SELECT FROM (SELECT unnest(keys) AS key FROM history_segment WHERE table_name = :table) s
                            WHERE s.key = {table.key})
    """)
