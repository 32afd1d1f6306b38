"""The limits of database connections on statements, idle time and transactions. Dead connections are replaced
silently."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry as PoolEntry

from runtime.database import IDLE_SECONDS, make_async_engine, make_engine
from runtime.settings import Settings, load_settings
from tests.databases import TestDatabase
from tests.journeys import KEY
from workers.jobs import HEADS_OVERLAP


def settings_for(url: str, **others: Any) -> Settings:
    """Returns settings for a process that uses the database and no Redis."""
    return load_settings(
        **others,
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        history_key=KEY.decode(),
        secret_keys=Fernet.generate_key().decode(),
    )


def test_a_connection_has_the_limits_of_the_settings(database: TestDatabase) -> None:
    engine = make_engine(settings_for(database.application_url))
    with engine.connect() as connection:
        limits = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "transaction_timeout",
            )
        }
    engine.dispose()
    assert limits == {
        "statement_timeout": "1min",
        "lock_timeout": "500ms",
        "idle_in_transaction_session_timeout": "1min",
        "transaction_timeout": "4min",
    }


def test_times_are_told_in_utc_whatever_the_servers_time_zone_is(database: TestDatabase) -> None:
    with _superuser(database) as superuser:
        superuser.execute(f'ALTER DATABASE "{superuser.info.dbname}" SET timezone = "Asia/Tokyo"')
    engine = make_engine(settings_for(database.application_url))
    with engine.connect() as connection:
        told = connection.execute(text("SELECT timestamptz '2026-11-02 09:30Z'")).scalar_one()
    engine.dispose()
    assert f"{told:%Y-%m-%d %H:%M}" == "2026-11-02 09:30"


def test_no_transaction_can_outlast_the_overlap_of_exports_of_heads() -> None:
    (limit,) = (rule.le for rule in Settings.model_fields["transaction_timeout_s"].metadata if hasattr(rule, "le"))
    assert timedelta(seconds=limit) < HEADS_OVERLAP


def _superuser(database: TestDatabase) -> psycopg.Connection:
    url = make_url(database.superuser_url).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _end(database: TestDatabase, backend: int) -> None:
    """Terminates the backend, and returns when it is gone."""
    with _superuser(database) as superuser:
        assert superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [backend]).fetchone() == (True,)


def test_an_idle_connection_that_the_server_ended_is_replaced_silently(database: TestDatabase) -> None:
    engine = make_engine(settings_for(database.application_url))
    with engine.connect() as connection:
        before = connection.scalar(text("SELECT pg_backend_pid()"))
    _end(database, before)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != before
    engine.dispose()


def test_a_connection_of_an_event_loop_that_the_server_ended_is_replaced_silently(database: TestDatabase) -> None:
    async def use_twice() -> tuple[int, int]:
        engine = make_async_engine(settings_for(database.application_url))
        async with engine.connect() as connection:
            before = await connection.scalar(text("SELECT pg_backend_pid()"))
        _end(database, before)
        async with engine.connect() as connection:
            after = await connection.scalar(text("SELECT pg_backend_pid()"))
        await engine.dispose()
        return before, after

    before, after = asyncio.run(use_twice())
    assert before != after


def _last_query_after_a_second_checkout(engine: Engine, database: TestDatabase) -> str:
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.commit()
    with engine.connect(), _superuser(database) as superuser:
        asked = superuser.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone()
    engine.dispose()
    assert asked is not None
    return str(asked[0])


def test_only_a_connection_that_was_idle_for_long_is_tested_before_use(database: TestDatabase) -> None:
    engine = make_engine(settings_for(database.application_url))
    assert _last_query_after_a_second_checkout(engine, database) == "COMMIT"

    def age(_connection: object, record: PoolEntry) -> None:
        record.info["used_at"] -= 2 * IDLE_SECONDS

    event.listen(engine, "checkin", age)
    assert _last_query_after_a_second_checkout(engine, database) != "COMMIT"
