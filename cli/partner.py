"""Starts the example partner as a process for the journey. It prints its address as JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.caller import wait_for
from cli.home import Home
from cli.mistakes import Mistake
from cli.up import CHECKOUT, Installation, keep_program
from runtime.private_files import open_private
from workflow.profile.document import Profile

START_SECONDS = 20
STOP_SECONDS = 5


def start_partner(started: Installation, port: int, profile: Profile) -> str:
    """Starts the example partner as a process of the installation, and returns its address. Raises Mistake."""
    keep_program(started, "partner", *_command(port, profile), folder=CHECKOUT, serves=True)
    return _address(started.home.log_of("partner"))


@contextmanager
def lent_partner(home: Home, profile: Profile) -> Iterator[str]:
    """Runs another example partner until the block ends, and returns its address. Raises Mistake."""
    log = home.log_of("lent-partner")
    with open(open_private(log, os.O_WRONLY | os.O_TRUNC), "wb") as output:
        partner = subprocess.Popen([sys.executable, *_command(0, profile)], cwd=CHECKOUT, stdout=output, stderr=output)
    try:
        yield _address(log)
    finally:
        partner.terminate()
        try:
            partner.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            partner.kill()
            partner.wait()


def _command(port: int, profile: Profile) -> list[str]:
    """Returns the command that starts an example partner of the profile's platform."""
    platform = {
        "--port": str(port),
        "--platform": profile.platform.name,
        "--platform-link": profile.tracked_link,
        "--settings-header": profile.protocol.settings_header,
    }
    return ["-m", "examples.partner", *(f"{name}={value}" for name, value in platform.items())]


def _address(log: Path) -> str:
    def look() -> str | None:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                try:
                    return str(json.loads(line)["url"]).rstrip("/")
                except (ValueError, KeyError):
                    continue
        return None

    try:
        found: str = wait_for(look, seconds=START_SECONDS, what="The example partner")
    except Mistake as mistake:
        raise Mistake(mistake.what, f"Look at its log, {log}.") from None
    return found
