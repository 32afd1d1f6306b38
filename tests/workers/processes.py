"""Runs real worker and scheduler processes, as an installation does."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.journeys import KEY

ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "dramatiq", "workers.main:setup_broker", "--processes", "1", "--threads", "16")
SCHEDULER = (sys.executable, "-m", "cli.main", "scheduler")


def environment(database_url: str, redis_url: str, **settings: str) -> dict[str, str]:
    """Returns the environment of a process. The names in `settings` are environment variables."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DEVCENTER_")},
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DEVCENTER_HISTORY_KEY": KEY.decode(),
        "DEVCENTER_SECRET_KEYS": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "DEVCENTER_SMTP_PORT": "1",
        "DEVCENTER_API_OPERATORS_PORT": "0",
        "DEVCENTER_TRACKING_OPERATORS_PORT": "0",
        **settings,
    }


@contextmanager
def running(command: tuple[str, ...], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process with its output in `log`. Kills it and its children when the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=dict(env), cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process and all its children with SIGKILL, and waits for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait(timeout=10)
