"""What the roles of the embedded Postgres may not do."""

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
