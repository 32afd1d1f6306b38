"""`devcenter doctor`: checks everything that an installation needs, and says how to fix what is wrong."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.history_key import REMEDY, WRONG
from cli.mistakes import explain, without_password
from migrations.run import revisions
from models.guards import APPLICATION_ROLE
from runtime.settings import Settings
from workflow.history.key import is_history_key
from workflow.profile.loading import load_profile

POSTGRES_MAJOR = 18
REDIS_MAJOR = 7
CLOCK_SECONDS = 2.0
FREE_MB = 500
ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `remedy` says how to fix it, and is empty exactly when nothing is wrong."""

    name: str
    found: str
    remedy: str = ""

    @property
    def fine(self) -> bool:
        return not self.remedy


def examine(settings: Settings, folder: Path) -> Iterator[Check]:
    """Yields the result of each check. A check that cannot be made counts as failed, and the others still follow."""
    yield _settings(settings)
    yield _tried("profile", lambda: _profile(settings))
    yield from _database(settings)
    yield _tried("redis", lambda: redis_version(settings.redis_url))
    yield disk_space(folder)


def disk_space(folder: Path) -> Check:
    """Checks whether the disk of `folder` has room for data and logs."""
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    remedy = "" if free_mb >= FREE_MB else f"Free some space for {folder}: {FREE_MB} MB are needed."
    return Check("disk", f"{free_mb} MB free at {folder}", remedy)


def redis_version(url: str) -> Check:
    """Checks whether Redis or Valkey answers and is new enough. Raises redis.RedisError."""
    import redis

    client = redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
    try:
        said: dict[str, Any] = client.info("server")
    finally:
        client.close()
    is_valkey = "valkey_version" in said
    version = str(said.get("valkey_version") or said.get("redis_version", "0"))
    found = f"{'Valkey' if is_valkey else 'Redis'} {version}"
    if int(version.partition(".")[0]) < REDIS_MAJOR:
        return Check("redis", f"{found} is too old", f"Use Redis {REDIS_MAJOR} or newer, or any Valkey, in REDIS_URL.")
    return Check("redis", found)


def _settings(settings: Settings) -> Check:
    if settings.allow_loopback_urls and not settings.public_url.startswith(("http://127.", "http://localhost")):
        return Check(
            "settings",
            "partners' URLs may point to this machine",
            "Unset DEVCENTER_ALLOW_LOOPBACK_URLS: it is for the embedded demo only.",
        )
    return Check("settings", "valid")


def _profile(settings: Settings) -> Check:
    profile = load_profile(settings.profile)
    return Check("profile", f"{profile.platform.name}, by {settings.profile or 'default'}")


def _database(settings: Settings) -> Iterator[Check]:
    engine = create_engine(settings.database_url, poolclass=NullPool, connect_args={"connect_timeout": ANSWER_SECONDS})
    try:
        with engine.connect() as connection:
            yield _tried("database", lambda: _postgres_version(connection))
            yield _tried("role", lambda: _application_role(connection))
            yield _tried("migrations", lambda: _migrations(connection))
            yield _tried("history key", lambda: _history_key(connection, settings))
            yield _tried("clock", lambda: _clock(connection))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the result of the check
        yield _broken("database", error, without_password(settings.database_url))
    finally:
        engine.dispose()


def _postgres_version(connection: Connection) -> Check:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    remedy = "" if number // 10_000 >= POSTGRES_MAJOR else f"Use Postgres {POSTGRES_MAJOR} or newer in DATABASE_URL."
    return Check("database", f"Postgres {number // 10_000}.{number % 10_000}", remedy)


def _application_role(connection: Connection) -> Check:
    row = connection.execute(
        text("""
            SELECT current_user AS name, r.rolsuper OR has_schema_privilege('public', 'CREATE')
                   OR has_database_privilege(current_database(), 'CREATE') AS ddl
              FROM pg_roles r WHERE r.rolname = current_user
        """)
    ).one()
    if row.ddl:
        return Check(
            "role",
            f"{row.name} may change tables",
            f"Let DATABASE_URL log in as {APPLICATION_ROLE}, and name the owner in DATABASE_OWNER_URL.",
        )
    return Check("role", f"{row.name} may not change tables")


def _migrations(connection: Connection) -> Check:
    stand = revisions(connection)
    if stand.up_to_date:
        return Check("migrations", f"at {stand.head}")
    found = f"at {stand.current or 'nothing'}, behind {stand.head}"
    return Check("migrations", found, "Run `devcenter migrate`.")


def _history_key(connection: Connection, settings: Settings) -> Check:
    with Session(connection) as session:
        if not is_history_key(session, settings.history_key.get_secret_value().encode()):
            return Check("history key", WRONG, REMEDY)
    return Check("history key", "the one that the history was begun with")


def _clock(connection: Connection) -> Check:
    before = time.time()
    theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    difference = theirs - (before + time.time()) / 2
    remedy = "" if abs(difference) <= CLOCK_SECONDS else "Synchronise both machines' clocks with NTP."
    return Check("clock", f"{difference:+.3f} seconds between the database and this machine", remedy)


def _tried(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the result of the check
        return _broken(name, error)


def _broken(name: str, error: Exception, where: str = "") -> Check:
    known = explain(error)
    if known is None:
        return Check(name, f"{error!r} {where}".strip(), "Fix what the error names.")
    return Check(name, f"{known.what} {f'({where})' if where else ''}".strip(), known.remedy)
