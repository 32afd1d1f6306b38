"""A migrated database for each test, copied from a template that is migrated once in a run."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from migrations.run import upgrade
from runtime.embedded.postgres import PostgresAddresses
from runtime.embedded.postgres_roles import OWNER, admit_roles

TEMPLATE = "devcenter_template"


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """One test's own database, as each of the three users. URLs are SQLAlchemy's, with passwords."""

    __test__: ClassVar[bool] = False
    name: str
    owner_url: str
    application_url: str
    superuser_url: str


def connect_superuser(addresses: PostgresAddresses) -> psycopg.Connection:
    """Returns a connection in autocommit that can make databases."""
    url = make_url(addresses.superuser_url).set(drivername="postgresql", database="postgres")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def ensure_template(superuser: psycopg.Connection, addresses: PostgresAddresses) -> None:
    """Makes and migrates the template if the server has none that is finished. Let only one process do it at a time."""
    finished = superuser.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
    if finished is not None and finished[0]:
        return
    name = sql.Identifier(TEMPLATE)
    superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
    upgrade(_url(addresses.owner_url, TEMPLATE))
    superuser.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(name))


def copy_template(superuser: psycopg.Connection, addresses: PostgresAddresses) -> TestDatabase:
    """Makes a new database from the template, owned by the owner, that the application role may enter."""
    name = f"test_{uuid.uuid4().hex}"
    superuser.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
        )
    )
    admit_roles(superuser, name)
    return TestDatabase(
        name=name,
        owner_url=_url(addresses.owner_url, name),
        application_url=_url(addresses.application_url, name),
        superuser_url=_url(addresses.superuser_url, name),
    )


def drop(superuser: psycopg.Connection, database: TestDatabase) -> None:
    """Drops the database with whatever is still connected to it."""
    superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name)))


def _url(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
