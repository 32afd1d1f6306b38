"""Engines for Postgres.

Their pools hand out the most recently used connection first, because it has prepared statements and warm caches.
"""

import select
import time
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.sqlstates import ends_connection, spoils_all_connections
from runtime.settings import Settings

LOCK_TIMEOUT = timedelta(milliseconds=500)
"""How long a statement waits for another transaction's lock. Who needs the lock tries again, without a connection."""
POOL_TIMEOUT_SECONDS = 5.0
IDLE_SECONDS = 5.0
"""How long an idle connection is assumed to be alive as long as nothing arrives on it."""


def make_engine(settings: Settings, *, pool_size: int | None = None) -> Engine:
    """Returns an engine for threads. Call it after forking: processes must not share connections."""
    engine = create_engine(
        settings.database_url,
        pool_size=pool_size or settings.database_pool,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args=_connect_args(settings),
    )
    _watch(engine)
    return engine


def make_async_engine(settings: Settings, *, hides_values: bool = False) -> AsyncEngine:
    """Returns an engine for an event loop, with the same driver. If it `hides_values`, no error shows a parameter."""
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args=_connect_args(settings),
        hide_parameters=hides_values,
    )
    _watch(engine.sync_engine)
    return engine


def _watch(engine: Engine) -> None:
    _ping_when_in_doubt(engine)
    _discard_when_unfit(engine)


def _discard_when_unfit(engine: Engine) -> None:
    """Has the pool discard a connection whose answer says that it no longer fits the database.

    It also discards all that are as old, if what spoiled it, such as a failover, has spoiled them too.
    """

    @event.listens_for(engine, "handle_error")
    def _note(context: ExceptionContext) -> None:
        error = context.original_exception
        if error is not None and ends_connection(error):
            context.is_disconnect = True
            context.invalidate_pool_on_disconnect = spoils_all_connections(error)


def _ping_when_in_doubt(engine: Engine) -> None:
    """Has a pooled connection answer a ping before its next use when it may be dead; other uses cost no round trip.

    It may be dead after IDLE_SECONDS without use, or when unexpected data is waiting on it: a server that shuts down
    sends a last message. When a connection turns out to be dead, the pool replaces it and all that are as old.
    """

    @event.listens_for(engine, "checkin")
    def _note_use(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None:
            return
        try:
            if time.monotonic() - used_at > IDLE_SECONDS or _has_something_to_read(record.driver_connection):
                engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error


def _has_something_to_read(connection: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Returns whether data is waiting on the connection. Raises psycopg.OperationalError if it is already closed."""
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return bool(looking.poll(0))


def _options(settings: Settings) -> str:
    """Returns the session's limits and its time zone, UTC, in which people are told times.

    They are appended to the options of the URL, which would otherwise replace them.
    """
    given = make_url(settings.database_url).query.get("options", "")
    limit = settings.statement_timeout_s * 1000
    bounds = (
        f"-c statement_timeout={limit} -c lock_timeout={min(LOCK_TIMEOUT // timedelta(milliseconds=1), limit // 2)} "
        f"-c idle_in_transaction_session_timeout={limit} "
        f"-c transaction_timeout={settings.transaction_timeout_s * 1000} -c timezone=UTC"
    )
    return f"{given if isinstance(given, str) else ' '.join(given)} {bounds}".strip()


def _connect_args(settings: Settings) -> dict[str, object]:
    return {
        "connect_timeout": 5,
        "application_name": "devcenter",
        "options": _options(settings),
        "prepare_threshold": settings.prepare_threshold,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
