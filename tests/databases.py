"""A migrated database for each test, copied from a template that is made once per run."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from migrations.run import upgrade
from runtime.embedded.postgres import PostgresAddresses
from runtime.embedded.postgres_roles import OWNER, admit_roles, restrict_functions

TEMPLATE = "devcenter_template"


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A test's own database: one URL for each of the four users, in SQLAlchemy's form, with passwords."""

    __test__: ClassVar[bool] = False
    name: str
    owner_url: str
    application_url: str
    tracking_url: str
    superuser_url: str


def connect_superuser(addresses: PostgresAddresses) -> psycopg.Connection:
    """Returns a connection in autocommit that may create databases."""
    url = make_url(addresses.superuser_url).set(drivername="postgresql", database="postgres")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def ensure_template(superuser: psycopg.Connection, addresses: PostgresAddresses) -> None:
    """Creates and migrates the template unless the server has a complete one. One process at a time may call it."""
    finished = superuser.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
    if finished is not None and finished[0]:
        return
    name = sql.Identifier(TEMPLATE)
    superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
    restrict_functions(superuser, TEMPLATE)
    upgrade(_url(addresses.owner_url, TEMPLATE))
    freeze(superuser, TEMPLATE)


def freeze(superuser: psycopg.Connection, name: str) -> None:
    """Makes the database a template, to which nobody can connect. Ends the connections to it."""
    superuser.execute(
        sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(sql.Identifier(name))
    )
    superuser.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name])


def copy_template(
    superuser: psycopg.Connection, addresses: PostgresAddresses, template: str = TEMPLATE
) -> TestDatabase:
    """Creates a database from the template. It belongs to the owner; the roles of the processes may connect to it."""
    return _create(superuser, addresses, template)


def create_empty(superuser: psycopg.Connection, addresses: PostgresAddresses) -> TestDatabase:
    """Creates a database that no migration has come to. It belongs to the owner; the roles may connect to it."""
    made = _create(superuser, addresses, "template1")
    restrict_functions(superuser, made.name)
    return made


def drop(superuser: psycopg.Connection, database: TestDatabase) -> None:
    """Drops the database, and ends the connections to it."""
    superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name)))


def _create(superuser: psycopg.Connection, addresses: PostgresAddresses, template: str) -> TestDatabase:
    name = f"test_{uuid.uuid4().hex}"
    superuser.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(OWNER)
        )
    )
    admit_roles(superuser, name)
    return TestDatabase(
        name=name,
        owner_url=_url(addresses.owner_url, name),
        application_url=_url(addresses.application_url, name),
        tracking_url=_url(addresses.tracking_url, name),
        superuser_url=_url(addresses.superuser_url, name),
    )


def _url(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
