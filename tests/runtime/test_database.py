"""Connections of the processes are bounded: no statement, no silence and no transaction lasts for ever."""

from datetime import timedelta

from cryptography.fernet import Fernet
from sqlalchemy import text

from runtime.database import make_engine
from runtime.settings import Settings, load_settings
from tests.databases import TestDatabase
from tests.journeys import KEY
from workers.jobs import HEADS_OVERLAP


def _settings(url: str) -> Settings:
    return load_settings(
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        history_key=KEY.decode(),
        secret_keys=Fernet.generate_key().decode(),
    )


def test_a_connection_has_the_limits_of_the_settings(database: TestDatabase) -> None:
    engine = make_engine(_settings(database.application_url))
    with engine.connect() as connection:
        limits = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
        }
    engine.dispose()
    assert limits == {
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "1min",
        "transaction_timeout": "4min",
    }


def test_no_transaction_can_outlast_what_an_export_of_heads_looks_back() -> None:
    (limit,) = (rule.le for rule in Settings.model_fields["transaction_timeout_s"].metadata if hasattr(rule, "le"))
    assert timedelta(seconds=limit) < HEADS_OVERLAP
