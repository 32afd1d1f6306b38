"""`devcenter migrate`: brings the database to the newest revision, or down to a named one, as its owner."""

import os

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from cli.history_key import refuse_wrong_key, settle_key
from cli.mistakes import USAGE, Mistake
from migrations.run import Revisions, downgrade, revisions, upgrade
from runtime.settings import environment_name


def migrate(down: str | None) -> Revisions:
    """Migrates up, or down to `down` (what later revisions stored is lost). Returns where the database then stands.

    Only the address matters here, so a database can be migrated before the other settings are there. Where the history
    key is there, it is checked first and its fingerprint recorded. Raises Mistake when the database's is another.
    """
    owner_url = owner_url_here()
    key = os.environ.get(environment_name("history_key"), "").encode()
    if key:
        refuse_wrong_key(owner_url, key)
    if down is None:
        upgrade(owner_url)
        if key:
            settle_key(owner_url, key)
    else:
        downgrade(owner_url, down)
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return revisions(connection)
    finally:
        engine.dispose()


def owner_url_here() -> str:
    """Returns the URL of the role that owns the tables, from the environment. Raises Mistake without one."""
    name = "DATABASE_OWNER_URL" if os.environ.get("DATABASE_OWNER_URL") else "DATABASE_URL"
    value = os.environ.get(name)
    if not value:
        raise Mistake(
            "Neither DATABASE_OWNER_URL nor DATABASE_URL is set.",
            "Set one to postgresql://user:password@host:port/name. `devcenter up` migrates its own database itself.",
            USAGE,
        )
    try:
        return make_url(value).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    except ArgumentError:
        raise Mistake(
            f"{name} is not a database URL.", "Write postgresql://user:password@host:port/name.", USAGE
        ) from None
