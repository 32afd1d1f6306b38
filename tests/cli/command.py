"""Runs the `devcenter` command as a process, as its users do."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = (sys.executable, "-P", "-m", "cli.main")
OURS = ("DEVCENTER_", "DATABASE_", "REDIS_URL")


def environment(**settings: str) -> dict[str, str]:
    """Returns this process's environment, with exactly these settings of devcenter."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return bare | settings


def devcenter(
    *arguments: str, settings: Mapping[str, str] | None = None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end, at most a minute, in `folder`."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
