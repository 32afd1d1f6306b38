"""Finds the installation of a command: that of the environment, or the `devcenter up` of this folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.home import Home
from cli.mistakes import Mistake
from models.guards import APPLICATION_ROLE, TRACKING_ROLE
from runtime.embedded.environment import forget_libpq_variables
from runtime.settings import Settings, load_settings


def settings_here() -> Settings:
    """Returns the settings of the environment or, if it has no DATABASE_URL, those of this folder's `devcenter up`.

    Raises SettingsInvalid, and Mistake if there is neither.
    """
    if os.environ.get("DATABASE_URL"):
        return as_application(load_settings())
    home = Home.here()
    run = home.running()
    if run is None:
        raise Mistake(
            f"DATABASE_URL is not set, and no `devcenter up` runs in {home.path}.",
            "Set DATABASE_URL and the other settings (docs/settings.md), or start `devcenter up` in this folder.",
            2,
        )
    if "postgres" in run["pids"]:
        forget_libpq_variables()
    kept = home.secrets()
    return load_settings(
        database_url=run["database_url"],
        redis_url=run["redis_url"],
        **run.get("settings", {}),
        history_key=kept.history_key,
        secret_keys=kept.secret_key,
    )


def as_application(settings: Settings) -> Settings:
    """Returns settings whose connections act in the application role. Leaves them as they are if the login is in it."""
    return settings.model_copy(update={"database_url": application_url(settings.database_url)})


def application_url(database_url: str) -> str:
    """Returns the URL, changed so that its connections have only the rights of the application role."""
    return _url_as(APPLICATION_ROLE, database_url)


def tracking_url(database_url: str) -> str:
    """Returns the URL, changed so that its connections have only the rights of the role of `devcenter tracking`."""
    return _url_as(TRACKING_ROLE, database_url)


def _url_as(role: str, database_url: str) -> str:
    url = make_url(database_url)
    if url.username == role:
        return database_url
    given = url.query.get("options", ())
    options = [given] if isinstance(given, str) else list(given)
    stepped_down = " ".join([*options, f"-c role={role}"])
    return url.update_query_dict({"options": stepped_down}).render_as_string(hide_password=False)


def is_local(url: str) -> bool:
    """Returns whether the URL leads to this machine, by its name."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


@contextmanager
def unit_of_work(database_url: str) -> Iterator[Session]:
    """Opens a transaction on a new connection. Commits when the block ends, and rolls back if it raises."""
    engine = create_engine(database_url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def database_now(session: Session) -> datetime:
    """Returns the database's current time, in UTC."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now
