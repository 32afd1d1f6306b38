"""`devcenter migrate`: brings the database to the newest revision, or down to a named one, as its owner."""

import os

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from cli.place import settings_here
from migrations.run import Revisions, downgrade, revisions, upgrade


def migrate(down: str | None) -> Revisions:
    """Migrates up, or down to `down` (what later revisions stored is lost). Gives where the database then stands."""
    owner_url = _owner_url()
    if down is None:
        upgrade(owner_url)
    else:
        downgrade(owner_url, down)
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return revisions(connection)
    finally:
        engine.dispose()


def _owner_url() -> str:
    """Only the address matters here, so a database can be migrated before the other settings are there."""
    url = os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL")
    if not url:
        return settings_here().owner_url
    from runtime.settings import database_url

    return database_url(url)
