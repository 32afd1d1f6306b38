"""Keyset pages with opaque cursors: a page costs the same wherever it is."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from workflow.errors import Invalid

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


def page(
    session: Session,
    statement: Select[Any],
    key: InstrumentedAttribute[Any],
    after: str | None,
    limit: int,
    show: Callable[[Sequence[Any]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Gives up to `limit` rows of `statement`, which is ordered by `key`, after the cursor. Raises Invalid.

    `show` is given all rows of the page at once, so that what belongs to them can be read in one query.
    """
    if after is not None:
        statement = statement.where(key > _read(after, key))
    rows = session.scalars(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    last = getattr(rows[limit - 1], key.key) if more else None
    return {"items": show(rows[:limit]), "next": _write(last) if more else None}


def _write(value: object) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")


def _read(cursor: str, key: InstrumentedAttribute[Any]) -> Any:
    try:
        value = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if "\x00" in value:
            raise ValueError("NUL")
        kind = key.type.python_type
        if kind is int and abs(int(value)) > 2**31 - 1:
            raise ValueError("too large")
        return kind(value) if kind in (int, UUID) else value
    except (ValueError, binascii.Error):
        raise Invalid("cursor.invalid", "The cursor is not one of ours.", "Pass `next` of the page before.") from None
