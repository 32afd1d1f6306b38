"""Runs the `devcenter` command: as a process, as its users do, or in a fork that has its imports already."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.preloaded import fork, kill_fork

COMMAND = (sys.executable, "-P", "-m", "cli.main")
OURS = ("DEVCENTER_", "DATABASE_", "REDIS_URL")
LONGEST_SECONDS = 60
ANY_PORTS = {
    f"DEVCENTER_{name}": "0" for name in ("API_PORT", "API_OPERATORS_PORT", "TRACKING_PORT", "TRACKING_OPERATORS_PORT")
}
"""Settings for free ports, whatever else runs on this machine."""


def environment(**settings: str) -> dict[str, str]:
    """Returns this process's environment, with exactly these settings of devcenter."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return bare | settings


def devcenter(
    *arguments: str, settings: Mapping[str, str] | None = None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end, at most a minute, in `folder`, as a fork."""
    command = (sys.executable, "-m", "cli.main", *arguments)
    with tempfile.TemporaryDirectory() as said:
        output, errors = Path(said, "output"), Path(said, "errors")
        process = fork(command, environment(**(settings or {})), output, errors=errors, folder=folder)
        process.join(LONGEST_SECONDS)
        if process.exitcode is None:
            kill_fork(process)
            raise subprocess.TimeoutExpired(command, LONGEST_SECONDS, output.read_bytes(), errors.read_bytes())
        return subprocess.CompletedProcess(command, process.exitcode, output.read_text(), errors.read_text())


def devcenter_anew(
    *arguments: str, settings: Mapping[str, str] | None = None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs the command like `devcenter`, as a new process, which starts as it does for users."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
