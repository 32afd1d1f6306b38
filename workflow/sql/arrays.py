"""Columns of many rows as array parameters of one statement: `unnest(:ids, :names)`, `id = ANY(:ids)`.

Each type writes an array in Postgres's text form, in one pass. The driver would call a dumper for each element instead,
which costs more than all the judging.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Dialect, bindparam, text
from sqlalchemy.types import UserDefinedType


class _Column(UserDefinedType[Sequence[Any]]):
    render_bind_cast = True
    element: ClassVar[str]

    def get_col_spec(self, **_: Any) -> str:
        return f"{self.element}[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:  # noqa: ARG002
        return self.array

    def array(self, values: Any) -> str:
        """Returns the array's text form."""
        return "{" + ",".join(self.elements(values)) + "}"

    def elements(self, values: Any) -> Iterable[str]:
        """Returns the text form of each value as an array element."""
        raise NotImplementedError


class Uuids(_Column):
    """UUIDs; None is NULL."""

    cache_ok = True
    element = "UUID"

    def elements(self, values: Iterable[UUID | None]) -> Iterable[str]:
        return ["NULL" if value is None else f"{value.int:032x}" for value in values]


class Integers(_Column):
    """Integers; None is NULL."""

    cache_ok = True
    element = "INTEGER"

    def elements(self, values: Iterable[int | None]) -> Iterable[str]:
        return ["NULL" if value is None else str(value) for value in values]


class Booleans(_Column):
    """Booleans; None is not allowed."""

    cache_ok = True
    element = "BOOLEAN"

    def elements(self, values: Iterable[bool]) -> Iterable[str]:
        return ["t" if value else "f" for value in values]


class Moments(_Column):
    """Aware datetimes; None is NULL. Equal values are formatted once: reports without a time all have the same."""

    cache_ok = True
    element = "TIMESTAMPTZ"

    def elements(self, values: Sequence[datetime | None]) -> Iterable[str]:
        written = {value: "NULL" if value is None else f'"{value.isoformat()}"' for value in set(values)}
        return [written[value] for value in values]


class Texts(_Column):
    """Strings; None is NULL. Equal values are quoted once, so columns with few distinct values cost next to nothing."""

    cache_ok = True
    element = "TEXT"

    def elements(self, values: Sequence[str | None]) -> Iterable[str]:
        quoted = {value: _quoted(value) for value in set(values)}
        return [quoted[value] for value in values]


class Bytes(_Column):
    """Byte strings; None is NULL."""

    cache_ok = True
    element = "BYTEA"

    def elements(self, values: Iterable[bytes | None]) -> Iterable[str]:
        return ["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]


def statement(sql: str, **columns: _Column) -> Any:
    """Returns the statement `sql`, whose parameters named in `columns` have the given array types."""
    return text(sql).bindparams(*(bindparam(name, type_=column) for name, column in columns.items()))


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def app_ids(sql: str) -> Any:
    """Returns the statement `sql`, whose parameter `ids` is an array of UUIDs."""
    return statement(sql, ids=Uuids())
