"""Engines for Postgres."""

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from runtime.settings import Settings


def make_engine(settings: Settings, *, pool_size: int | None = None) -> Engine:
    """Gives an engine for threads. Create it after forking: connections must not be shared between processes."""
    return create_engine(
        settings.database_url,
        pool_size=pool_size or settings.database_pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args=_connect_args(settings),
    )


def make_async_engine(settings: Settings) -> AsyncEngine:
    """Gives an engine for an event loop, over the same driver."""
    return create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args=_connect_args(settings),
    )


def _options(settings: Settings) -> str:
    """Gives the session's limits, after whatever options the URL has (these would take their place)."""
    given = make_url(settings.database_url).query.get("options", "")
    limit = settings.statement_timeout_s * 1000
    bounds = (
        f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit} "
        f"-c transaction_timeout={settings.transaction_timeout_s * 1000}"
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
