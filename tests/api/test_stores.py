"""Faults of the database as a caller meets them: waits are bounded, retries happen inside, values are never a 5xx."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from models.lifecycle import AppState, Role
from models.token import Scope
from runtime.embedded.postgres_roles import APPLICATION
from tests.api.matrix import CALLS, Call
from tests.api.running import Service, service_on
from tests.api.service import Caller, operators_of
from tests.api.world import World, world_in
from tests.databases import TestDatabase
from tests.factories import app_in
from tests.journeys import app_building
from tests.waiting import wait_until

POOL = 6
ENDING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'devcenter' AND pid <> pg_backend_pid()
"""
"""Ends the connections of the processes that the tests run."""
LOGGED = {
    "GET /v1/apps/{slug}/test-account",
    "GET /v1/apps/{slug}/components/{component_id}/events",
}
"""The readings that are noted in the audit log, each in a transaction with its note."""


@pytest.fixture
def service(database: TestDatabase, valkey_url: str, tmp_path: Path) -> Iterator[Service]:
    """An API process with few connections."""
    with service_on(database, valkey_url, tmp_path, DEVCENTER_DATABASE_POOL=str(POOL)) as made:
        yield made


@contextmanager
def _superuser(database: TestDatabase, *, autocommit: bool = True) -> Iterator[psycopg.Connection]:
    url = make_url(database.superuser_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=autocommit) as connection:
        yield connection
        connection.rollback()


LOCKS = {
    "the App": "SELECT 1 FROM app WHERE slug = 'pp' FOR NO KEY UPDATE",
    "the App, for its removal": "SELECT 1 FROM app WHERE slug = 'pp' FOR UPDATE",
}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_on_one_app_costs_other_apps_and_readers_nothing(
    lock: str, service: Service, database: TestDatabase
) -> None:
    for slug in ("pp", "qq"):
        app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA)
    customers = [f"/v1/apps/pp/customers/w{number}" for number in range(2 * POOL)]
    asked = [
        {"app": "pp", "trigger": "suspend", "reasons": [{"code": "other", "text": "why"}]} for _ in range(2 * POOL)
    ]
    with _superuser(database, autocommit=False) as holder, ThreadPoolExecutor(4 * POOL) as pool:
        holder.execute(LOCKS[lock])
        held = [pool.submit(service.service, "PUT", path) for path in customers]
        held += [pool.submit(service.admin, "POST", "/v1/transition-requests", body) for body in asked]
        wait_until(lambda: _waits_for_a_lock(service))
        others = [
            service.service("PUT", "/v1/apps/qq/customers/w", timeout_s=4),
            service.admin(
                "POST",
                "/v1/transition-requests",
                {"app": "qq", "trigger": "suspend", "reasons": [{"code": "other", "text": "why"}]},
                timeout_s=4,
            ),
            service.nobody("GET", "/v1/catalog", timeout_s=4),
            operators_of(service.url)("GET", "/readyz", timeout_s=4),
            service.partner("GET", "/v1/apps/pp", timeout_s=4),
        ]
        assert [answer.status_code for answer in others] == [200, 202, 200, 200, 200]
        for call in held:
            answer = call.result()
            assert answer.status_code in (202, 503)
            if answer.status_code == 503:
                assert answer.json()["code"] == "lock.waited"
                assert int(answer.headers["Retry-After"]) > 0
    assert service.service("PUT", "/v1/apps/pp/customers/w").status_code == 200


def test_of_a_list_of_reports_only_those_of_a_locked_app_are_to_be_sent_again(
    service: Service, database: TestDatabase
) -> None:
    for slug in ("pp", "qq"):
        app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA)
    items = [{"app": app, "use": "customer", "workspace": "w"} for app in ("pp", "qq", "no-such-app", "pp")]
    with _superuser(database, autocommit=False) as holder:
        holder.execute("SELECT 1 FROM app WHERE slug = 'pp' FOR NO KEY UPDATE")
        answers = service.service("POST", "/v1/usage", {"items": items}).json()["items"]
        assert [answer["status"] for answer in answers] == [503, 200, 404, 503]
        assert {answer["code"] for answer in answers if answer["status"] == 503} == {"lock.waited"}
        assert all(answer["remedy"] for answer in answers if answer["status"] != 200)
        assert service.partner("GET", "/v1/apps/qq/customers").json()["onboarded_customers"] == 1
        with ThreadPoolExecutor(1) as pool:
            again = pool.submit(service.service, "POST", "/v1/usage", {"items": items})
            holder.rollback()
            assert [answer["status"] for answer in again.result().json()["items"]] == [200, 200, 404, 200]


def _waits_for_a_lock(service: Service) -> bool:
    with service.engine.connect() as connection:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(connection.scalar(waiting))


CHANGES = {
    "a column's type": "ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(200)",
    "a new column": "ALTER TABLE {table} ADD COLUMN of_the_next_release integer",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_schema_while_the_api_runs_is_no_error(
    change: str, service: Service, database: TestDatabase
) -> None:
    app_building(service.engine, service.people, "pp")
    calls = ("/v1/apps/pp", "/v1/apps", "/v1/catalog", "/v1/me")
    for _ in range(12):
        for path in calls:
            service.partner("GET", path)
    with _superuser(database) as superuser:
        for table, column in (("api_token", "role"), ("app", "name"), ("person", "name")):
            if CHANGES[change]:
                superuser.execute(sql.SQL(CHANGES[change]).format(table=sql.SQL(table), column=sql.SQL(column)))
    seen = [service.partner("GET", path).status_code for _ in range(3) for path in calls[:3]]
    assert seen == [200] * len(seen)
    assert operators_of(service.url)("GET", "/readyz").status_code == 200


def test_connections_that_the_server_ends_under_load_cost_no_call(service: Service, database: TestDatabase) -> None:
    app_building(service.engine, service.people, "pp")
    with _superuser(database) as superuser, ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            calls = [pool.submit(service.partner, "GET", "/v1/apps/pp") for _ in range(8)]
            superuser.execute(ENDING)
            assert {call.result().status_code for call in calls} == {200}


def test_a_read_only_database_is_named_and_reads_go_on(service: Service, database: TestDatabase) -> None:
    app_building(service.engine, service.people, "pp")
    name = sql.Identifier(database.name)
    with _superuser(database) as superuser:
        superuser.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    refused = service.service("PUT", "/v1/apps/pp/customers/w")
    assert (refused.status_code, refused.json()["code"]) == (503, "database.read_only")
    assert "Retry-After" in refused.headers
    assert service.partner("GET", "/v1/apps/pp").status_code == 200
    ready = operators_of(service.url)("GET", "/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "database.read_only")
    with _superuser(database) as superuser:
        superuser.execute("SET default_transaction_read_only = off")
        superuser.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    wait_until(lambda: service.service("PUT", "/v1/apps/pp/customers/w").status_code == 200)
    wait_until(lambda: operators_of(service.url)("GET", "/readyz").status_code == 200)


def test_what_is_read_needs_no_transaction_because_nothing_is_written(service: Service, database: TestDatabase) -> None:
    world = world_in(service.engine, service.people)
    asked = [
        (f"{call.route} by a {role}", call, _path(world, call, role), world.token(world.actor(role), frozenset(Scope)))
        for call in CALLS
        if call.method == "GET" and call.route not in LOGGED
        for role in sorted(call.roles)
    ]
    service.engine.dispose()
    with _superuser(database) as superuser:
        only_reading = sql.SQL("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = on")
        superuser.execute(only_reading.format(sql.Identifier(APPLICATION), sql.Identifier(database.name)))
        superuser.execute(ENDING)
    seen = {name: Caller(service.url, token)("GET", path).status_code for name, call, path, token in asked}
    assert seen == {name: call.status for name, call, _, _ in asked}


def _path(world: World, call: Call, role: Role) -> str:
    given = call.given(world, world.actor(role))
    return call.template.format(**world.parameters | call.path | given) + call.query


OTHER_SCHEMAS = {
    "older: a table is missing": "ALTER TABLE customer RENAME TO customer_of_old",
    "older: a column is missing": "ALTER TABLE customer DROP COLUMN reported_by",
    "newer: a column must be given": "ALTER TABLE customer ADD COLUMN fresh integer NOT NULL",
    "newer: a constraint": "ALTER TABLE customer ADD CHECK (workspace = 'none')",
}


@pytest.mark.parametrize("schema", OTHER_SCHEMAS)
def test_a_database_of_another_release_is_named(schema: str, service: Service, database: TestDatabase) -> None:
    app_building(service.engine, service.people, "pp")
    with _superuser(database) as superuser:
        superuser.execute(OTHER_SCHEMAS[schema].encode())
        superuser.execute("UPDATE alembic_version SET version_num = 'other'")
    answer = service.service("PUT", "/v1/apps/pp/customers/w")
    assert (answer.status_code, answer.json()["code"]) == (503, "database.mismatch")
    assert "other" in answer.json()["detail"]
    assert "Retry-After" in answer.headers


def test_readiness_says_when_tokens_cannot_be_read(service: Service, database: TestDatabase) -> None:
    with _superuser(database) as superuser:
        superuser.execute("ALTER TABLE api_token RENAME COLUMN role TO was_role")
    answer = operators_of(service.url)("GET", "/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "tokens.unreadable")
    assert service.partner("GET", "/v1/apps").status_code == 503


def test_a_deadlock_between_calls_is_retried_inside(service: Service, database: TestDatabase) -> None:
    for slug in ("pp", "qq"):
        app_building(service.engine, service.people, slug)
    function = """
        CREATE FUNCTION deadlocks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('broken') < 4 THEN RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01'; END IF; RETURN NEW;
        END $$"""
    with _superuser(database) as superuser:
        for statement in (
            "CREATE SEQUENCE broken",
            "GRANT USAGE ON SEQUENCE broken TO PUBLIC",
            function,
            "CREATE TRIGGER deadlocks BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION deadlocks()",
        ):
            superuser.execute(statement.encode())
    assert service.service("PUT", "/v1/apps/pp/customers/w").status_code == 200
