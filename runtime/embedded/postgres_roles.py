"""The four users of an embedded Postgres, and who may connect to it. The migrations grant access to tables."""

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

from models.guards import APPLICATION_ROLE, TRACKING_ROLE, WITHOUT_UNNEEDED_FUNCTIONS

DATABASE = "devcenter"
SUPERUSER = "postgres"
OWNER = "devcenter_owner"
APPLICATION = APPLICATION_ROLE
TRACKING = TRACKING_ROLE
USERS = (SUPERUSER, OWNER, APPLICATION, TRACKING)


def ensure_roles(
    connection: psycopg.Connection, passwords: Mapping[str, str], *, owner_may_create_databases: bool
) -> None:
    """Creates or corrects the three roles and the database `devcenter`, whatever part of them exists already.

    `connection` is the superuser's, in autocommit. The owner owns and migrates the database; the roles of the
    processes may only connect to it. Nobody else may connect to any database. Passwords are sent to the server as SCRAM
    verifiers, never in plain text.
    """
    create_databases: LiteralString = "CREATEDB" if owner_may_create_databases else "NOCREATEDB"
    _ensure_role(connection, OWNER, create_databases, passwords[OWNER])
    for role in (APPLICATION, TRACKING):
        _ensure_role(connection, role, "NOCREATEDB", passwords[role])
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )
    admit_roles(connection, DATABASE)
    restrict_functions(connection, DATABASE)
    for other in ("postgres", "template1"):
        _revoke_public_access(connection, other)


def admit_roles(connection: psycopg.Connection, database: str) -> None:
    """Allows only the owner and the roles of the processes to connect to `database`. `connection` is the superuser's.

    A database that is copied from a template does not inherit who may connect to it, so a copy needs this too.
    """
    _revoke_public_access(connection, database)
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.SQL(", ").join(map(sql.Identifier, (OWNER, APPLICATION, TRACKING)))
        )
    )


def restrict_functions(connection: psycopg.Connection, database: str) -> None:
    """Takes from everybody the functions that nobody needs in `database`. `connection` is the superuser's, to any.

    A database that is copied from this one inherits it.
    """
    info = connection.info
    with psycopg.connect(info.dsn, password=info.password, dbname=database, autocommit=True) as there:
        there.execute(WITHOUT_UNNEEDED_FUNCTIONS)


def _ensure_role(connection: psycopg.Connection, role: str, create_databases: LiteralString, password: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {} PASSWORD {}").format(
            name, sql.SQL(create_databases), sql.Literal(verifier)
        )
    )


def _revoke_public_access(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
