"""The doctor, on real servers: what it finds wrong with an installation, and the remedy of each."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.doctor.check import Check
from cli.doctor.database import check_database, check_language
from cli.doctor.disk import check_disk
from cli.doctor.examining import examine
from cli.doctor.policy import check_policy
from cli.doctor.redis import check_redis
from cli.doctor.settings import check_settings
from cli.doctor.tracking import check_address, check_role
from examples.partner.server import ExamplePartner
from models.guards import APPLICATION_ROLE, TRACKING_ROLE
from models.steps import STEPS
from runtime.embedded.postgres import PostgresAddresses
from runtime.embedded.processes import free_port
from runtime.settings import Settings, load_settings
from tests.databases import TestDatabase
from tests.journeys import KEY
from tests.refusing_mail import serving
from tests.stored import connect
from tests.tracking.sandbox import tracking_running


def _settings(database_url: str, redis_url: str, **more: object) -> Settings:
    key = Fernet.generate_key().decode()
    given = {"database_url": database_url, "redis_url": redis_url, "history_key": KEY.decode(), "secret_keys": key}
    return load_settings(**given, **more)


def _found(settings: Settings, folder: Path) -> dict[str, str]:
    """Returns the doctor's remedies, by check. A check that passed has none."""
    return {check.name: check.remedy for check in examine(settings, folder)}


@pytest.fixture
def mail_port() -> Iterator[int]:
    with serving() as (_, controller, _mail):
        yield controller.port


@pytest.fixture
def at_work(engine: Engine) -> None:
    """As if a scheduler had fired a job just now, and a worker had done it."""
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO job_tick (id, job, tick_at, due_at, status, lane)
                VALUES (uuidv7(), 'prune', now(), now(), 'done', 'prune')
            """)
        )


@pytest.mark.usefixtures("at_work")
def test_the_doctor_finds_nothing_wrong_with_a_sound_installation(
    database: TestDatabase, valkey_url: str, mail_port: int, tmp_path: Path
) -> None:
    with tracking_running(database.tracking_url, valkey_url, tmp_path) as tracking:
        settings = _settings(database.application_url, valkey_url, smtp_port=mail_port, tracking_url=tracking)
        found = _found(settings, tmp_path)
    of_database = {"database", "messages", "role", "tracking role", "migrations", "history key", "secret keys", "clock"}
    assert set(found) == {
        "settings", "profile", *of_database, "policy", "scheduler", "workers", "dead rows", "redis", "tracking", "mail",
        "disk",
    }  # fmt: skip
    assert {name: remedy for name, remedy in found.items() if remedy and name != "disk"} == {}


def test_the_doctor_names_review_steps_that_the_policy_lacks_and_how_to_have_them(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        new = check_policy(session).found
        assert "without the review steps component_tests, volume;" in new, "these come by publishing, even at first"
        session.execute(
            text("""
                INSERT INTO policy_version (version, document, note, published_by)
                SELECT version + 1, jsonb_set(document, '{review_steps}', '["end_to_end_check"]'), '', published_by
                  FROM policy_version ORDER BY version DESC LIMIT 1
            """)
        )
        found = check_policy(session)
    assert found.fine, "a policy may do without a step"
    assert all(code in found.found for code in STEPS if code != "end_to_end_check")
    assert "end_to_end_check" not in found.found
    assert "POST /v1/policies" in found.found
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO policy_version (version, document, note, published_by)
                SELECT version + 1, jsonb_set(document, '{review_steps}', CAST(:steps AS jsonb)), '', published_by
                  FROM policy_version ORDER BY version DESC LIMIT 1
            """),
            {"steps": json.dumps(list(STEPS))},
        )
        assert check_policy(session).found.endswith("with every review step")


def test_the_doctor_names_work_that_nobody_does_and_what_ended_dead(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    settings = _settings(database.application_url, valkey_url, smtp_port=free_port())
    idle = _found(settings, tmp_path)
    assert "devcenter scheduler" in idle["scheduler"]
    assert "DEVCENTER_SMTP_HOST" in idle["mail"]
    assert (idle["workers"], idle["dead rows"]) == ("", "")
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO job_tick (id, job, tick_at, due_at, created_at, status, lane)
                SELECT uuidv7(), 'prune', now() - minutes, now() - minutes, now() - minutes, status, 'prune'
                  FROM (VALUES (interval '5 minutes', 'due'), (interval '10 minutes', 'dead')) late (minutes, status)
            """)
        )
    late = _found(settings, tmp_path)
    assert "devcenter scheduler" in late["scheduler"]
    assert "devcenter worker" in late["workers"]
    assert "devcenter dead list" in late["dead rows"]


def test_the_doctor_names_a_foreign_secret_key(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    settings = _settings(database.application_url, valkey_url)
    sealed = Fernet(Fernet.generate_key()).encrypt(b"a code").decode()
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, data, due_at, lane, urgency)
                SELECT uuidv7(), 'welcome', 'x', 'pat@acme.example',
                       jsonb_build_object('sealed', CAST(:sealed AS text)), now(), '-', 0
            """),
            {"sealed": sealed},
        )
    assert "DEVCENTER_SECRET_KEYS" in _found(settings, tmp_path)["secret keys"]


@contextmanager
def _configured(url: str, **wanted: str) -> Iterator[redis.Redis]:
    """Changes the configuration of a Valkey, and changes it back."""
    with redis.Redis.from_url(url) as client:
        before = {name.replace("_", "-"): client.config_get(name.replace("_", "-")) for name in wanted}
        for name, value in wanted.items():
            client.config_set(name.replace("_", "-"), value)
        try:
            yield client
        finally:
            for name, was in before.items():
                client.config_set(name, dict(was)[name])


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_redis_that_throws_keys_away_is_named(valkey_url: str, policy: str) -> None:
    with _configured(valkey_url, maxmemory="100mb", maxmemory_policy=policy):
        found = check_redis(valkey_url)
    assert "accepted messages vanish" in found.found
    assert "noeviction" in found.remedy


def test_a_redis_with_a_bound_that_refuses_instead_is_fine(valkey_url: str) -> None:
    with _configured(valkey_url, maxmemory="100mb", maxmemory_policy="noeviction"):
        assert check_redis(valkey_url).fine


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ("~* &* +@all", None),
        ("~* &* +@all -info", "info"),
        ("~* &* +@all -set", "set"),
        ("~other:* &* +@all", "key"),
        ("~* &* +@all -eval", "eval"),
        ("~* &* +@all -publish", "publish"),
        ("~* resetchannels +@all", "channel"),
    ],
)
def test_a_redis_that_refuses_what_the_processes_do_is_named(
    valkey_url: str, allowed: str, refused: str | None
) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.execute_command(f"ACL SETUSER doctored reset on >word {allowed}")
        try:
            found = check_redis(f"redis://doctored:word@{valkey_url.rpartition('@')[2].removeprefix('redis://')}")
        finally:
            client.execute_command("ACL DELUSER doctored")
    assert found.fine == (refused is None)
    assert refused is None or refused in found.found


LOCAL: dict[str, Any] = {"public_url": "http://127.0.0.1:8787"}
PUBLIC: dict[str, Any] = {"public_url": "https://devcenter.acme.com", "mail_from": "a@acme.com"}


@pytest.mark.parametrize(
    ("environment", "given", "named"),
    [
        ({"DEVCENTER_PUBLC_URL": "x"}, LOCAL, "Write DEVCENTER_PUBLIC_URL"),
        ({"DEVCENTER_XYZZY": "x"}, LOCAL, "Unset it"),
        ({}, {"public_url": "http://devcenter.acme.com", "mail_from": "a@acme.com"}, "https://"),
        ({}, {"public_url": "https://devcenter.acme.com"}, "DEVCENTER_MAIL_FROM"),
        ({}, PUBLIC, "DEVCENTER_TRACKING_URL name the public address"),
        ({}, PUBLIC | {"tracking_url": "http://events.acme.com"}, "begin DEVCENTER_TRACKING_URL with https://"),
        ({}, LOCAL | {"api_operators_port": 8787}, "DEVCENTER_API_OPERATORS_PORT"),
        ({}, LOCAL | {"tracking_operators_port": 8797}, "DEVCENTER_TRACKING_OPERATORS_PORT"),
        ({}, LOCAL | {"heads_file": "/no/such/folder/heads"}, "DEVCENTER_HEADS_FILE"),
    ],
)
def test_settings_that_do_not_fit_are_named(environment: dict[str, str], given: dict[str, Any], named: str) -> None:
    settings = _settings("postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1/0", **given)
    assert named in check_settings(settings, environment).remedy


def test_the_doctor_names_a_role_with_too_many_rights_and_a_setting_that_allows_loopback(
    database: TestDatabase, postgres_server: PostgresAddresses, valkey_url: str, tmp_path: Path
) -> None:
    url = make_url(postgres_server.superuser_url).set(database=make_url(database.application_url).database)
    settings = _settings(
        url.render_as_string(hide_password=False),
        valkey_url,
        allow_loopback_urls=True,
        public_url="https://devcenter.example",
    )
    found = _found(settings, tmp_path)
    assert "devcenter_app" in found["role"]
    assert "DEVCENTER_ALLOW_LOOPBACK_URLS" in found["settings"]


def test_the_doctor_says_what_the_role_may_do_beyond_its_need(database: TestDatabase, valkey_url: str) -> None:
    settings = _settings(database.application_url, valkey_url)

    def role() -> Check:
        return next(check for check in check_database(settings) if check.name == "role")

    assert (role().fine, "may not change tables" in role().found, "functions" in role().found) == (True, True, False)
    with connect(database.superuser_url) as superuser:
        superuser.execute("GRANT EXECUTE ON FUNCTION lo_from_bytea(oid, bytea) TO PUBLIC")
        superuser.commit()
        assert (role().fine, "1 functions" in role().found) == (True, True)
        superuser.execute(f"GRANT TEMPORARY ON DATABASE {database.name} TO PUBLIC")
        superuser.commit()
        assert "REVOKE TEMPORARY" in role().remedy


def test_the_doctor_asks_tracking_as_an_sdk_would_and_tells_who_answers(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    def asked(url: str) -> Check:
        return check_address(_settings(database.application_url, valkey_url, tracking_url=url))

    with tracking_running(database.tracking_url, valkey_url, tmp_path) as url:
        assert asked(url) == Check("tracking", f"{url} answers, and reads the database")
        with connect(database.superuser_url) as superuser:
            superuser.execute(f"REVOKE SELECT ON tracked_stream FROM {TRACKING_ROLE}")
            superuser.commit()
        blind = asked(url)
        secured = asked(url.replace("http:", "https:"))
    assert ("cannot read the database" in blind.found, TRACKING_ROLE in blind.remedy) == (True, True)
    assert ("no certificate" in secured.found, "certificate" in secured.remedy) == (True, True), secured
    silent = asked(url)
    assert (silent.found, "Start `devcenter tracking`" in silent.remedy) == (
        f"{url} does not answer: Connection refused",
        True,
    )
    with ExamplePartner() as other:
        assert "as `devcenter tracking` does not" in asked(other.url).found


@pytest.mark.parametrize(
    ("done", "found", "remedy"),
    [
        ("ALTER ROLE devcenter_tracking NOLOGIN", "cannot log in", "deploy/roles.sh"),
        ("ALTER ROLE devcenter_tracking VALID UNTIL '2020-01-01'", "cannot log in", "VALID UNTIL 'infinity'"),
        ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, devcenter_tracking", "may not connect", "GRANT CONNECT"),
        ("ALTER ROLE devcenter_tracking BYPASSRLS", "may do everything", "NOBYPASSRLS"),
        ("GRANT devcenter_app TO devcenter_tracking", "the rights of devcenter_app", "REVOKE devcenter_app FROM"),
        ("GRANT SELECT ON person TO devcenter_tracking", "may SELECT person", "REVOKE ALL ON person FROM"),
        ("GRANT SELECT (email) ON person TO PUBLIC", "may SELECT person", "devcenter_tracking, PUBLIC"),
        ("GRANT TRUNCATE ON sandbox_event TO devcenter_tracking", "may TRUNCATE sandbox_event", "REVOKE ALL ON"),
        ("GRANT CREATE ON SCHEMA public TO devcenter_tracking", "may make tables", "REVOKE CREATE ON SCHEMA"),
        (
            "REVOKE SELECT, INSERT ON sandbox_event FROM devcenter_tracking",
            "may not INSERT sandbox_event, SELECT sandbox_event",
            "GRANT INSERT, SELECT ON sandbox_event TO devcenter_tracking",
        ),
    ],
)
def test_the_doctor_names_what_the_role_of_tracking_may_do_too_much_or_too_little(
    database: TestDatabase, done: str, found: str, remedy: str
) -> None:
    """In a transaction that is taken back: roles are those of the whole server."""
    with create_engine(database.superuser_url, poolclass=NullPool).connect() as superuser:
        sound = check_role(superuser)
        assert (sound.fine, sound.found) == (
            True,
            "devcenter_tracking sees streams and the sandbox, and nothing else; it can log in",
        )
        superuser.execute(text(done.format(database=database.name)))
        mistaken = check_role(superuser)
        superuser.rollback()
    assert (found in mistaken.found, remedy in mistaken.remedy) == (True, True), mistaken


def test_a_role_that_the_processes_step_down_to_need_not_log_in(database: TestDatabase) -> None:
    with create_engine(database.superuser_url, poolclass=NullPool).connect() as superuser:
        superuser.execute(text(f"ALTER ROLE {TRACKING_ROLE} NOLOGIN"))
        superuser.execute(text(f"SET LOCAL ROLE {APPLICATION_ROLE}"))
        found = check_role(superuser)
        superuser.rollback()
    assert (found.fine, "steps down to it" in found.found) == (True, True), found


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "fr_FR", "ja_JP.eucJP", "Spanish_Spain.1252", "eo"])
def test_a_database_that_speaks_another_language_is_named(language: str) -> None:
    assert "lc_messages" in check_language(language).remedy


@pytest.mark.parametrize("language", ["C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "en_US", ""])
def test_a_database_that_speaks_english_is_fine(language: str) -> None:
    assert check_language(language).fine


def test_the_doctor_names_a_database_that_is_behind(
    database: TestDatabase,
    postgres_server: PostgresAddresses,
    valkey_url: str,
    tmp_path: Path,
) -> None:
    name = make_url(database.application_url).database
    with psycopg.connect(
        make_url(postgres_server.superuser_url)
        .set(drivername="postgresql", database=name)
        .render_as_string(hide_password=False),
        autocommit=True,
    ) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    found = _found(_settings(database.application_url, valkey_url), tmp_path)
    assert "devcenter migrate" in found["migrations"]


def test_a_disk_with_little_room_is_named(tmp_path: Path) -> None:
    assert check_disk(tmp_path, least_mb=0).fine
    assert "1000000000 MB are needed" in check_disk(tmp_path, least_mb=1_000_000_000).remedy
