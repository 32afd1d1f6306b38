"""Keyset pages with opaque cursors: a page costs the same wherever it is."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import BigInteger, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from workflow.errors import Invalid

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


def page(
    session: Session,
    statement: Select[Any],
    key: InstrumentedAttribute[Any] | Sequence[InstrumentedAttribute[Any]],
    after: str | None,
    limit: int,
    show: Callable[[Sequence[Any]], list[dict[str, Any]]],
    *,
    newest_first: bool = False,
) -> dict[str, Any]:
    """Gives up to `limit` rows of `statement` after the cursor, ordered by `key`: a column, or several together.

    `newest_first` turns the order round. `show` is given all rows of the page at once, so that what belongs to them
    can be read in one query. Raises Invalid.
    """
    columns = list(key) if isinstance(key, Sequence) else [key]
    if after is not None:
        place = tuple_(
            *(literal(part, column.type) for part, column in zip(_read(after, columns), columns, strict=True))
        )
        statement = statement.where(tuple_(*columns) < place if newest_first else tuple_(*columns) > place)
    # Replaces the statement's own order, if it has one: pages follow the key and nothing else.
    statement = statement.order_by(None).order_by(*(column.desc() if newest_first else column for column in columns))
    rows = session.scalars(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    last = [getattr(rows[limit - 1], column.key) for column in columns] if more else None
    return {"items": show(rows[:limit]), "next": write_cursor(*last) if last else None}


def write_cursor(*parts: object) -> str:
    """Gives the opaque cursor of a place."""
    words = [part.isoformat() if isinstance(part, datetime) else str(part) for part in parts]
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Gives the place that a cursor names, each part as its kind. Raises Invalid."""
    try:
        words = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(words, list) or len(words) != len(kinds):
            raise ValueError("another list's cursor")
        return [_part(word, kind) for word, kind in zip(words, kinds, strict=True)]
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid("cursor.invalid", "The cursor is not one of ours.", "Pass `next` of the page before.") from None


def _read(cursor: str, columns: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    parts = read_cursor(cursor, *(column.type.python_type for column in columns))
    for part, column in zip(parts, columns, strict=True):
        bits = 63 if isinstance(column.type, BigInteger) else 31
        if isinstance(part, int) and abs(part) >= 2**bits:
            raise Invalid("cursor.invalid", "The cursor is not one of ours.", "Pass `next` of the page before.")
    return parts


def _part(word: object, kind: type) -> Any:
    if not isinstance(word, str) or "\x00" in word:
        raise ValueError("not a word")
    word.encode()  # a lone surrogate cannot be sent to the database
    if kind is datetime:
        moment = datetime.fromisoformat(word)
        if moment.tzinfo is None or not 1900 <= moment.year <= 2999:
            raise ValueError("no such time")
        return moment
    return kind(word)
