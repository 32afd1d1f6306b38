"""Keyset pages with opaque cursors: a page costs the same wherever it is."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from workflow.errors import Invalid

Item = TypeVar("Item")
Key = InstrumentedAttribute[Any]

Cursor = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next` is the cursor of the page after it, null on the last."""

    items: list[Item]
    next: Annotated[str | None, Field(examples=["WyIwMTkzLi4uIl0"])] = None


def page(
    session: Session,
    statement: Select[Any],
    key: Key | tuple[Key, ...],
    after: str | None,
    limit: int,
    show: Callable[[Sequence[Any]], Sequence[Any]],
    *,
    newest_first: bool = False,
) -> dict[str, Any]:
    """Returns up to `limit` rows of `statement` after the cursor, in the order of `key`. Raises Invalid.

    A key of several columns orders by the first, then the second, and so on; `newest_first` turns all of it round.
    `show` is given all rows of the page at once, so that what belongs to them can be read in one query.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if after is not None:
        given = (literal(value, one.type) for value, one in zip(_read(after, keys), keys, strict=True))
        place = tuple_(*given)
        statement = statement.where(tuple_(*keys) < place if newest_first else tuple_(*keys) > place)
    statement = statement.order_by(None).order_by(*(one.desc() if newest_first else one for one in keys))
    rows = session.scalars(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    last = write_cursor([getattr(rows[limit - 1], one.key) for one in keys]) if more else None
    return {"items": list(show(rows[:limit])), "next": last}


def write_cursor(values: Sequence[Any]) -> str:
    """Returns the opaque cursor of a place."""
    shown = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")


def read_cursor(cursor: str, typed: Sequence[Callable[[Any], Any]]) -> list[Any]:
    """Returns the values of a cursor, each as the function in its place gives it. Raises Invalid."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(typed):
            raise ValueError("not as many values as the key has columns")
        return [function(_text(value)) for function, value in zip(typed, values, strict=True)]
    except (ValueError, OverflowError, RecursionError, binascii.Error):
        raise Invalid("cursor.invalid", "The cursor is not one of ours.", "Pass `next` of the page before.") from None


def _read(cursor: str, keys: Sequence[Key]) -> list[Any]:
    return read_cursor(cursor, [partial(_typed, key=key) for key in keys])


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text that can be stored")
    value.encode()  # a lone surrogate cannot be stored either
    return value


def _typed(value: str, key: Key) -> Any:
    """Returns a cursor's value as its column has it. Raises ValueError for what the column cannot hold."""
    kind = key.type.python_type
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 2000 <= moment.year <= 2999:
            raise ValueError("not a moment of ours")
        return moment
    if kind is int and abs(int(value)) >= 2 ** (63 if isinstance(key.type, BigInteger) else 31):
        raise ValueError("too large")
    return kind(value) if kind in (int, UUID) else value
