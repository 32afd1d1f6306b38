"""A process with another history key than the database's is refused, with the way out; folders keep their tokens."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from cli.seed import seed
from models import ApiToken
from tests.cli.command import ANY_PORTS, devcenter, devcenter_anew
from tests.databases import TestDatabase
from tests.journeys import KEY, app_building, now_of, people_in
from tests.stored import connect
from workflow.history.key import fingerprint_of, is_history_key, record_history_key

OTHER = "another key of thirty-two bytes!!"


@pytest.fixture
def engine(database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(database.application_url)
    yield made
    made.dispose()


def settings(database: TestDatabase, valkey_url: str, key: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database.application_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "REDIS_URL": valkey_url,
        "DEVCENTER_HISTORY_KEY": key,
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
        **ANY_PORTS,
    }


@pytest.mark.parametrize("command", ["migrate", "up", "api", "worker", "scheduler", "doctor"])
def test_a_start_with_another_key_is_refused_with_the_way_out(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path, command: str
) -> None:
    with Session(engine) as session, session.begin():
        record_history_key(session, KEY)
    refused = devcenter(command, settings=settings(database, valkey_url, OTHER), folder=tmp_path)
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1
    assert "begun with another history key" in said
    assert "Set DEVCENTER_HISTORY_KEY" in said
    assert "Traceback" not in said


def test_a_second_folder_brings_a_key_of_its_own_and_is_refused(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    app_building(engine, people_in(engine), "acme")  # a history that no process has recorded the key of
    given = {"DATABASE_URL": database.owner_url, "REDIS_URL": valkey_url}
    refused = devcenter("up", settings=given, folder=tmp_path)
    assert refused.returncode == 1
    assert "begun with another history key" in refused.stderr
    with Session(engine) as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_a_migrator_with_the_key_records_its_fingerprint(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    done = devcenter_anew("migrate", settings=settings(database, valkey_url, OTHER), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with Session(engine) as session:
        assert is_history_key(session, OTHER.encode())
        assert not is_history_key(session, KEY)


def test_the_first_key_to_be_recorded_stays(database: TestDatabase, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        record_history_key(session, KEY)
    with Session(engine) as session, session.begin():
        assert not record_history_key(session, OTHER.encode())
    with connect(database.application_url) as prompt:
        assert prompt.execute("SELECT fingerprint FROM history_key").fetchall() == [(fingerprint_of(KEY),)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            prompt.execute("UPDATE history_key SET fingerprint = sha256('')")


def test_a_start_in_one_folder_leaves_the_tokens_of_another(engine: Engine) -> None:
    def start(label: str) -> None:
        with Session(engine) as session, session.begin():
            seed(session, now_of(session), label)

    for label in ("devcenter up (one)", "devcenter up (two)", "devcenter up (one)"):
        start(label)
    with Session(engine) as session:
        valid = session.scalars(select(ApiToken.label).where(ApiToken.revoked_at.is_(None))).all()
        revoked = session.scalars(select(ApiToken.label).where(ApiToken.revoked_at.is_not(None))).all()
    assert sorted(valid) == ["devcenter up (one)"] * 3 + ["devcenter up (two)"] * 3
    assert sorted(revoked) == ["devcenter up (one)"] * 3
