"""Runs single statements, for the tests of the embedded Postgres."""

from typing import Any, LiteralString

import psycopg
from sqlalchemy import make_url


def execute(url: str, statement: LiteralString, *, database: str | None = None) -> list[tuple[Any, ...]]:
    """Runs `statement` in autocommit, on a new connection. Returns its rows, or an empty list if it has no result."""
    plain = make_url(url).set(drivername="postgresql")
    if database is not None:
        plain = plain.set(database=database)
    with psycopg.connect(
        plain.render_as_string(hide_password=False), connect_timeout=10, autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
