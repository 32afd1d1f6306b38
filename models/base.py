"""The declarative base, the names of constraints, and the few column shapes that every table shares."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, MetaData, String, Text, Uuid, func
from sqlalchemy.orm import DeclarativeBase, mapped_column
from uuid_utils.compat import uuid7

NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}


class Base(DeclarativeBase):
    """The base class of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        datetime: DateTime(timezone=True),
        str: Text(),
    }


def new_id() -> UUID:
    """Returns a UUIDv7: unique without asking the database, and sorted by the time of creation."""
    return uuid7()


Id = Annotated[UUID, mapped_column(Uuid(), primary_key=True, default=new_id)]
"""A primary key that may be shown outside the service: a UUIDv7."""

Code = Annotated[str, mapped_column(String(64))]
"""A stable code: lower-case words with underscores and dots."""

CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
"""When the row was created, by the database's clock, in UTC."""


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> CheckConstraint:
    """Returns a CHECK constraint, named after `column`, that allows only `values` in it."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
