"""`python -m migrations.check`: the newest migration gives the models' tables, and no migration is unsafe to run.

Starts an embedded Postgres of its own. The full comparison (triggers, privileges) is a test.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from migrations.run import FOLDER, LOCK_TIMEOUT, upgrade
from models import Base
from runtime.embedded.postgres import EmbeddedPostgres

NOT_LINTED = (
    "require-statement-timeout",  # building an index of a big table takes as long as it takes
    "ban-drop-table",  # going down loses data, and says so
    "ban-drop-default",  # a default that filled old rows; a release that gives no value waits (refuse_old_writer)
    "ban-drop-not-null",  # code that always gave a value goes on giving it
    "ban-drop-constraint",  # one that an interrupted run left is made anew
    "prefer-text-field",  # states and codes are VARCHAR with named CHECKs
    "prefer-bigint-over-int",  # versions and counts of one App
    "prefer-bigint-over-smallint",  # an urgency is 0 or 1
)


def main() -> int:
    """Returns 0 when nothing drifted and the linter finds nothing, 1 after printing what is wrong."""
    with (
        tempfile.TemporaryDirectory(prefix="devcenter-check-") as folder,
        EmbeddedPostgres(Path(folder)) as postgres,
    ):
        upgrade(postgres.owner_url)
        engine = create_engine(postgres.owner_url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            drift = compare_metadata(context, Base.metadata)
        engine.dispose()
    for difference in drift:
        print(f"migrations and models differ: {difference}", file=sys.stderr)  # noqa: T201
    if drift:
        print("Write a migration: .venv/bin/alembic revision --autogenerate -m 'what it does'", file=sys.stderr)  # noqa: T201
    return 1 if drift or _lint() else 0


def _lint() -> int:
    """Runs squawk over the SQL of every migration after the first, which meets only empty databases."""
    first, *later = sorted(FOLDER.glob("versions/*.py"))
    if not later:
        return 0
    alembic = [sys.executable, "-m", "alembic", "upgrade", f"{first.name.split('_')[0]}:head", "--sql"]
    sql = subprocess.run(alembic, check=True, capture_output=True, text=True).stdout
    squawk = [str(Path(sys.executable).with_name("squawk")), f"--exclude={','.join(NOT_LINTED)}"]
    # Online, `migrations.run` sets the limit once for the connection.
    limited = f"SET lock_timeout = '{LOCK_TIMEOUT}';\n{sql}"
    return subprocess.run(squawk, input=limited, text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
