"""Runs a SQL script by pgbench, whose clients cost next to nothing."""

import subprocess

from sqlalchemy import make_url

from benchmarks.stage import Stage
from runtime.embedded.postgres_data import binary


def run_script(on: Stage, script: str, *, clients: int, each: int, **variables: int) -> None:
    """Has each of `clients` run `script` a number of times with prepared statements, in the application role.

    Each client has its own copy of `variables`. Raises subprocess.CalledProcessError if a statement fails.
    """
    file = on.folder / "pgbench.sql"
    file.write_text(script)
    target = make_url(on.url)
    command = [binary("pgbench"), "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-f", file, "-t", each,
               *(f"-D{name}={value}" for name, value in variables.items()),
               "-h", target.host, "-p", target.port, "-U", target.username, target.database]  # fmt: skip
    subprocess.run(
        [str(part) for part in command], env={"PGPASSWORD": str(target.password)}, check=True, capture_output=True
    )
