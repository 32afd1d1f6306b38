"""The metrics of workers and schedulers, summed over all processes of a worker."""

import socket
import sys
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine

from models.lifecycle import AppTrigger
from runtime.embedded.processes import free_port
from tests.cli.command import devcenter
from tests.databases import TestDatabase
from tests.journeys import app_building, ask, people_in
from tests.waiting import wait_until
from tests.workers.processes import environment, running

DEVCENTER = (sys.executable, "-P", "-m", "cli.main")


def _metrics(port: int) -> str:
    try:
        return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.ConnectionError:
        return ""


def test_a_worker_shows_the_sum_of_the_counts_of_its_processes(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    engine = create_engine(database.application_url)
    people = people_in(engine)
    app_building(engine, people, "acme")
    ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    port = free_port()
    env = environment(
        database.application_url, valkey_url, DEVCENTER_METRICS_PORT=str(port), DEVCENTER_SWEEP_SECONDS="0.2"
    )
    with running((*DEVCENTER, "worker", "--processes", "2"), env, tmp_path / "log"):
        wait_until(lambda: 'devcenter_requests_judged_total{outcome="applied"} 1.0' in _metrics(port), seconds=60)
        wait_until(lambda: 'outcome="failed"' in _metrics(port), seconds=60, what="mails that nobody takes")
        shown = _metrics(port)
    assert "devcenter_batch_seconds_count 1.0" in shown
    assert 'devcenter_bell_failures_total{bell="apply"} 0.0' in shown
    engine.dispose()


def test_a_scheduler_shows_how_many_of_its_rings_failed(database: TestDatabase, tmp_path: Path) -> None:
    port = free_port()
    env = environment(database.application_url, "redis://127.0.0.1:1/0", DEVCENTER_METRICS_PORT=str(port))
    with running((*DEVCENTER, "scheduler"), env, tmp_path / "log"):
        wait_until(lambda: 'devcenter_bell_failures_total{bell="jobs"} 1.0' in _metrics(port), seconds=60)


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_a_busy_port_for_metrics_is_named_with_its_setting(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = environment("postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1/0", DEVCENTER_METRICS_PORT=port)
        names = ("DATABASE_URL", "REDIS_URL")
        given = {name: value for name, value in env.items() if name.startswith("DEVCENTER_") or name in names}
        result = devcenter(command, settings=given, folder=tmp_path)
    assert result.returncode == 2
    assert f"127.0.0.1:{port}" in result.stderr
    assert "DEVCENTER_METRICS_PORT" in result.stderr
