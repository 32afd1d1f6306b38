"""`devcenter up --demo` as a newcomer runs it: an App becomes public, and Ctrl-C leaves nothing behind."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from cli.home import Home
from tests.cli.command import COMMAND, environment
from tests.waiting import wait_until


def test_up_demo_takes_an_app_to_public_and_ctrl_c_stops_every_process(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with a space"
    folder.mkdir()
    home = Home(folder / ".devcenter")
    output = tmp_path / "output"
    with output.open("wb") as written:
        up = subprocess.Popen(
            [*COMMAND, "up", "--demo"],
            cwd=folder,
            env=environment(DEVCENTER_API_PORT="0"),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: up.poll() is not None or "Ctrl-C stops everything" in output.read_text(), seconds=120)
        assert up.poll() is None, output.read_text()
        run: dict[str, Any] = json.loads((home.path / "run.json").read_text())
        assert {"up", "postgres", "valkey", "api", "worker-1", "worker-2", "scheduler"} <= set(run["pids"])
        assert set(run["tokens"]) == {"partner", "reviewer", "service", "admin"}
        assert states(run["database_url"]) == ["public"]
        lines = dict(re.findall(r"^  (\w+) +(curl .*)$", output.read_text(), re.MULTILINE))
        assert set(lines) == {"visitor", *run["tokens"]}
        answers = {role: said_by(line) for role, line in lines.items()}
        assert not {role: answer for role, answer in answers.items() if "detail" in answer}
        assert answers["visitor"]["select_partner"] is True
        assert answers["partner"]["state"] == "public"
        assert answers["service"]["onboarded_customers"] == 4
        up.send_signal(signal.SIGINT)
        up.wait(60)
    finally:
        if up.poll() is None:
            up.terminate()
            up.wait(60)
    assert not [name for name, pid in run["pids"].items() if psutil.pid_exists(pid)]
    assert home.running() is None
    assert up.returncode == 0, output.read_text()


def said_by(line: str) -> dict[str, Any]:
    """Returns what a line of the terminal answers when it is pasted into a shell."""
    answer: dict[str, Any] = json.loads(subprocess.check_output(line, shell=True))  # noqa: S602 - the line under test
    return answer


def states(database_url: str) -> list[str]:
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(text("SELECT state FROM app")))
    finally:
        engine.dispose()
