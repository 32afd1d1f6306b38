"""What the roles of the embedded Postgres may not do."""

import re
from typing import LiteralString

import psycopg
import pytest

from runtime.embedded.postgres import EmbeddedPostgres, PostgresAddresses
from tests.databases import TestDatabase
from tests.embedded.sql import execute

REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE theirs",
        "ALTER TABLE theirs ADD COLUMN more int",
        "ALTER TABLE theirs DISABLE TRIGGER ALL",
        "TRUNCATE theirs",
        "DELETE FROM theirs",
        "SET session_replication_role = replica",
        "SET ROLE devcenter_owner",
        "ALTER SYSTEM SET fsync = off",
        "COPY theirs TO PROGRAM 'cat'",
        "CREATE ROLE another",
    ],
)
def test_the_application_role_may_not(statement: LiteralString, database: TestDatabase) -> None:
    execute(database.owner_url, "CREATE TABLE theirs (id int)")
    execute(database.owner_url, "GRANT SELECT, INSERT ON theirs TO devcenter_app")
    execute(database.application_url, "INSERT INTO theirs VALUES (1)")

    with pytest.raises(REFUSED):
        execute(database.application_url, statement)


@pytest.mark.parametrize(
    "statement",
    ["CREATE ROLE another", "ALTER SYSTEM SET fsync = off", "SET session_replication_role = replica"],
)
def test_the_owner_is_not_a_superuser(statement: LiteralString, database: TestDatabase) -> None:
    with pytest.raises(REFUSED):
        execute(database.owner_url, statement)


@pytest.mark.parametrize("other", ["postgres", "template1"])
def test_the_roles_may_not_enter_the_servers_other_databases(other: str, postgres_server: PostgresAddresses) -> None:
    for url in (postgres_server.application_url, postgres_server.owner_url):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            execute(url, "SELECT 1", database=other)


def test_the_owner_creates_databases_only_where_that_is_asked_for(postgres: EmbeddedPostgres) -> None:
    may = "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'devcenter_owner'"
    assert execute(postgres.start().owner_url, may) == [(False,)]
    folder = postgres.log.parent
    postgres.stop()

    allowed = EmbeddedPostgres(folder, settings={"fsync": "off"}, owner_may_create_databases=True)
    try:
        assert execute(allowed.start().owner_url, may) == [(True,)]
    finally:
        allowed.discard()


HARMLESS = re.compile(
    r"pg_(stat|get|last|current|is|control|wal|available|collation|database|tablespace|relation|table|indexes|total)_\w+"
    r"|pg_(prepared_xact|lock_status|blocking_pids|safe_snapshot_blocking_pids|xact_\w+|notification_queue_usage)"
    r"|pg_(partition_\w+|sequence_last_value|isolation_test_\w+|jit_available|extension_config_dump)"
    # These are refused: outside of pg_upgrade, without REPLICATION, to all but superusers.
    r"|binary_upgrade_\w+|pg_(create|copy|drop|sync|logical_slot|replication_slot)_\w+|pg_nextoid|pg_import_\w+"
    r"|pg_stop_making_pinned_objects"
    # These ask for rights to the table or sequence.
    r"|pg_(clear|restore)_\w+_stats|brin_\w+|gin_\w+|currtid2|setval|nextval|currval|lastval|query_to_\w+|cursor_to_\w+"
    # These reach no further than the role's own sessions.
    r"|pg_(try_)?advisory_\w+|pg_sleep\w*|pg_(cancel|terminate)_backend|pg_notify|set_config|setseed"
    r"|\w*(handler|validator)|amvalidate|dsnowball_\w+|bernoulli|system|array_\w+|random\w*|uuidv\d|gen_random_uuid"
    r"|clock_timestamp|timeofday|current_query|txid_status|ts_\w+"
)
"""Volatile functions that leave nothing behind, that ask for further rights, or that the role needs."""


def test_the_application_role_may_execute_no_function_that_leaves_something_behind(database: TestDatabase) -> None:
    found = execute(
        database.application_url,
        """
        SELECT DISTINCT proname::text FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'
           AND has_function_privilege(oid, 'EXECUTE')
           AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
        """,
    )
    assert len(found) > 100
    assert [name for (name,) in found if not HARMLESS.fullmatch(name)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_put(1, 0, 'x')",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
        "SELECT pg_export_snapshot()",
        "SELECT pg_create_physical_replication_slot('mine')",
        "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
        "SELECT pg_create_restore_point('mine')",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT setval('audit_entry_id_seq', 1)",
    ],
)
def test_the_application_role_may_not_execute(statement: LiteralString, database: TestDatabase) -> None:
    with pytest.raises(REFUSED):
        execute(database.application_url, statement)
