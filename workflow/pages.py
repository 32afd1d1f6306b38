"""Keyset pagination with opaque cursors: every page of a list costs the same."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from workflow.errors import Invalid
from workflow.sql.storable import is_storable

Row = TypeVar("Row")
Other = TypeVar("Other")
Key = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted: up to `limit` rows after the cursor `after`, or from the beginning if that is None."""

    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class PageOf(Generic[Row]):
    """The rows of a page, and the cursor for the next page; None on the last page."""

    rows: Sequence[Row]
    next: str | None

    def map(self, read: Callable[[Sequence[Row]], Sequence[Other]]) -> "PageOf[Other]":
        """Returns a page of the results of `read`, which is called once with all rows, so that it can query for all.

        It is not called for an empty page, which so costs no further query.
        """
        return PageOf(read(self.rows) if self.rows else [], self.next)


def read_page(
    session: Session,
    statement: Select[Row],
    key: Key | tuple[Key, ...],
    wanted: PageRequest,
    *,
    newest_first: bool = False,
) -> PageOf[Row]:
    """Returns a page of the entities that `statement` selects, ordered by `key`. Raises Invalid for a foreign cursor.

    A key of several columns orders by the first, then the second, and so on. `newest_first` reverses the whole order.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if wanted.after is not None:
        values = read_cursor(wanted.after, [partial(_typed, key=one) for one in keys])
        place = tuple_(*(literal(value, one.type) for value, one in zip(values, keys, strict=True)))
        statement = statement.where(tuple_(*keys) < place if newest_first else tuple_(*keys) > place)
    statement = statement.order_by(None).order_by(*(one.desc() if newest_first else one for one in keys))
    rows: Sequence[Row] = session.scalars(statement.limit(wanted.limit + 1)).all()
    return cut_page(rows, wanted.limit, lambda row: [getattr(row, one.key) for one in keys])


def cut_page(rows: Sequence[Row], limit: int, place_of: Callable[[Row], Sequence[Any]]) -> PageOf[Row]:
    """Returns a page of the first `limit` of `rows`. An additional row means that another page follows."""
    last = write_cursor(place_of(rows[limit - 1])) if len(rows) > limit else None
    return PageOf(rows[:limit], last)


def write_cursor(values: Sequence[Any]) -> str:
    """Returns the opaque cursor for the key values of a row."""
    shown = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")


def read_cursor(cursor: str, typed: Sequence[Callable[[Any], Any]]) -> list[Any]:
    """Returns the values of a cursor, each converted by the function at its position in `typed`. Raises Invalid."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(typed):
            raise ValueError("not as many values as the key has columns")
        return [function(_text(value)) for function, value in zip(typed, values, strict=True)]
    except (ValueError, OverflowError, RecursionError, binascii.Error):
        detail, remedy = "The cursor is not valid for this list.", "Pass the `next` of the previous page unchanged."
        raise Invalid("cursor.invalid", detail, remedy) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise ValueError("not a text that can be stored")
    return value


def _typed(value: str, key: Key) -> Any:
    """Returns a cursor's value in the type of its column. Raises ValueError for a value that the column cannot hold."""
    kind = key.type.python_type
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 2000 <= moment.year <= 2999:
            raise ValueError("not a time that a row can have")
        return moment
    if kind is int and abs(int(value)) >= 2 ** (63 if isinstance(key.type, BigInteger) else 31):
        raise ValueError("too large")
    return kind(value) if kind in (int, UUID) else value
