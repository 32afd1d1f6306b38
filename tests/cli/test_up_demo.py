"""`devcenter up` as a newcomer runs it: an App becomes public, what fails stops nothing, and Ctrl-C leaves nothing."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from cli.home import Home
from tests.api.service import Caller
from tests.cli.command import ANY_PORTS, COMMAND, environment
from tests.cli.test_stopping import silent_mail_server
from tests.waiting import wait_until

SHELL = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "",
    "no_proxy": "",
    "PGSSLMODE": "require",
    "PGSERVICE": "nowhere",
    "PGHOSTADDR": "192.0.2.1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGSSLROOTCERT": "/nowhere",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGCLIENTENCODING": "LATIN1",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
    "prometheus_multiproc_dir": "/nowhere",
    "SSL_CERT_FILE": "/nowhere",
    "REQUESTS_CA_BUNDLE": "/nowhere",
    "LC_ALL": "POSIX",
    "TZ": "America/St_Johns",
    "PYTHONWARNINGS": "error::DeprecationWarning",
    "COLUMNS": "10",
}
"""What a shell carries for other servers and programs."""


@contextmanager
def starting(folder: Path, *options: str, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Starts `devcenter up` in `folder`; yields it and the file of what it says. Stops it if it is not stopped."""
    output = folder / "output"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [*COMMAND, "up", *options],
            cwd=folder,
            env=environment(**ANY_PORTS, **settings),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, output
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


@contextmanager
def up(folder: Path, *options: str, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Runs `devcenter up` in `folder` from when it says that it stays, and stops it if the block has not."""
    with starting(folder, *options, **settings) as (process, output):
        wait_until(lambda: process.poll() is not None or "Ctrl-C stops everything" in output.read_text(), seconds=180)
        assert process.poll() is None, output.read_text()
        yield process, output
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        assert process.returncode == 0, output.read_text()


def test_up_demo_takes_an_app_to_public_and_ctrl_c_stops_every_process(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with a space"
    folder.mkdir()
    home = Home(folder / ".devcenter")
    with up(folder, "--demo") as (_, output):
        run: dict[str, Any] = json.loads((home.path / "run.json").read_text())
        assert {"up", "postgres", "valkey", "api", "tracking", "worker-1", "worker-2", "scheduler"} <= set(run["pids"])
        assert set(run["tokens"]) == {"partner", "reviewer", "service", "admin"}
        assert states(run["database_url"]) == ["public"]
        assert run["console_url"] == run["api_url"]
        assert set(run["sign_in"]) == {"partner", "reviewer", "admin"}
        assert all(
            requests.get(link, timeout=5).text.count("<button>Sign in as") == 1 for link in run["sign_in"].values()
        )
        assert all(link in output.read_text() for link in run["sign_in"].values())
        another = subprocess.run([*COMMAND, "sign-in", "reviewer"], cwd=folder, env=environment(), capture_output=True)
        assert requests.get(another.stdout.decode().strip(), timeout=5).ok, another.stderr
        secrets = [link.rpartition("/")[2] for link in run["sign_in"].values()]
        assert not [log for log in (home.path / "log").iterdir() for secret in secrets if secret in log.read_text()]
        lines = dict(re.findall(r"^  (\w+) +(curl .*)$", output.read_text(), re.MULTILINE))
        assert set(lines) == {"visitor", *run["tokens"]}
        answers = {role: said_by(line) for role, line in lines.items()}
        assert not {role: answer for role, answer in answers.items() if "detail" in answer}
        assert answers["visitor"]["select_partner"] is True
        assert answers["visitor"]["description"].endswith("and now into forecasts too."), "the revision is not shown"
        shown = output.read_text()
        assert "somebody who had no part in the decision overturned it" in shown
        assert all(f"--{trigger}-->" in shown for trigger in ("recheck", "flag", "clear", "appeal"))
        assert "the listing stands as it was approved" in shown
        assert "the partner added a stream and sent Email Opened, Report Shared: green" in shown
        assert requests.get(f"{run['operators_url']}/readyz", timeout=5).ok
        for public in (run["api_url"], run["tracking_url"]):
            assert requests.get(f"{public}/healthz", timeout=5).ok
            assert requests.get(f"{public}/readyz", timeout=5).status_code == 404
        assert "the admin previewed a policy with the steps component_tests, volume:" in shown
        assert all(f"a worker took the step {code}: passed" in shown for code in ("component_tests", "volume"))
        assert "the reviewer sees a run: suite of Acme webhook, green: 16 green" in shown
        assert "the reviewer sees a run: suite of Acme for the web, green: 1 green" in shown
        assert re.search(
            r"a run: burst of Acme webhook, green: 20 of 20 events were taken \(100\.0 %\), at 20 a", shown
        )
        assert "the partner sees it among the runs of the Component: 20 of 20 events were taken" in shown
        again = subprocess.run([*COMMAND, "demo"], cwd=folder, env=environment(), capture_output=True, check=True)
        assert "the policy has every review step since an earlier start" in again.stdout.decode()
        assert "the step volume was waived by who holds the review: Not this time: bursts to" in again.stdout.decode()
        assert answers["partner"]["state"] == "public"
        assert answers["service"]["onboarded_customers"] == 4
    assert not [name for name, pid in run["pids"].items() if psutil.pid_exists(pid)]
    assert home.running() is None


def test_a_start_goes_on_after_ctrl_c_and_neither_the_shell_nor_a_demo_that_fails_stops_anything(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / ".devcenter")
    with starting(tmp_path) as (broken_off, output):
        wait_until(lambda: (home.path / "postgres" / "data" / "postmaster.pid").exists(), seconds=60)
        broken_off.send_signal(signal.SIGINT)
        assert broken_off.wait(60) == 130
    first, last = output.read_text().strip().splitlines()
    assert first.startswith("Starting devcenter in")
    assert last == "The start was broken off and everything is stopped. The next start goes on from here."

    with up(tmp_path, **SHELL, DEVCENTER_SMTP_HOST="127.0.0.1", DEVCENTER_SMTP_PORT="1") as (_, output):
        run = home.running()
        assert run is not None
        assert set(run["tokens"]) == {"partner", "reviewer", "service", "admin"}, output.read_text()
        reviewer = Caller(run["api_url"], run["tokens"]["reviewer"])
        saved = {"code": "partners_page.no_utm", "text": "No UTM parameters.", "where": "Your page."}
        assert reviewer("POST", "/v1/saved-reasons", saved, Idempotency_Key="one").status_code == 201
        assert reviewer("DELETE", "/v1/saved-reasons/partners_page.no_utm").ok

    with (
        silent_mail_server() as silent,
        up(tmp_path, "--demo", DEVCENTER_SMTP_HOST="127.0.0.1", DEVCENTER_SMTP_PORT=str(silent.getsockname()[1])) as (
            stopped,
            output,
        ),
    ):
        wait_until(lambda: "The demo did not get to its end" in output.read_text())
        assert "What happened: POST /v1/saved-reasons was answered with 409" in output.read_text()
        assert "What to do: " in output.read_text()
        run = home.running()
        assert run is not None
        assert Caller(run["api_url"], run["tokens"]["partner"])("GET", "/v1/apps").ok
        _interrupt_twice(stopped, output)
    assert not [name for name, pid in run["pids"].items() if psutil.pid_exists(pid)]


def _interrupt_twice(stopped: "subprocess.Popen[bytes]", output: Path) -> None:
    """Sends Ctrl-C until the second one has stopped the installation, while attempts at mails are under way."""
    stopped.send_signal(signal.SIGINT)
    waiting = r"Stopping: waiting for [1-9]\d* attempts?, at most 30 s; press Ctrl-C again to stop now"
    wait_until(lambda: re.search(waiting, output.read_text()) is not None, seconds=10)
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(10) == 0
    assert "Stopped at once. What was begun is done again after the next start." in output.read_text()


def said_by(line: str) -> dict[str, Any]:
    """Returns the output of a line of the terminal when it is pasted into a shell."""
    answer: dict[str, Any] = json.loads(subprocess.check_output(line, shell=True))  # noqa: S602 - the line under test
    return answer


def states(database_url: str) -> list[str]:
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(text("SELECT state FROM app")))
    finally:
        engine.dispose()
