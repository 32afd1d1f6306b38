"""The official SDKs, unchanged, against the sandbox: their batches, their gzip, and their retries."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from segment.analytics import Client

from tests.api.service import is_ready
from tests.clients.test_clients import MODULES, TOOLS
from tests.databases import TestDatabase
from tests.preloaded import forked
from tests.tracking.sandbox import (
    TRACKING,
    UNLIMITED,
    Sandbox,
    SendingStream,
    environment_of_tracking,
    sandbox_on,
)
from tests.waiting import wait_until
from tests.workers.processes import ROOT

SCRIPTS = Path(__file__).parent / "sdks"
COUNT = 12
SECONDS = 120


def _python(sandbox: Sandbox, stream: SendingStream, *, gzip: bool = False, batch: int = 5) -> Client:
    client = Client(stream.write_key, host=sandbox.url, gzip=gzip, upload_size=batch, upload_interval=0.2)
    context = {"integration": {"name": stream.slug, "version": "1.0.0"}}
    client.identify("u-1", {"plan": "free"}, context=context)
    for number in range(COUNT):
        client.track("u-1", "Email Opened", {"number": number}, context=context)
    return client


@contextmanager
def _node(script: str, sandbox: Sandbox, stream: SendingStream, folder: Path, **more: str) -> Iterator[None]:
    """Runs a script of `sdks` while the block lasts. It must not fail."""
    home = folder / "script"
    home.mkdir(exist_ok=True)
    (home / script).write_text((SCRIPTS / script).read_text())
    if not (home / "node_modules").exists():
        (home / "node_modules").symlink_to(MODULES)
    told = {"WRITE_KEY": stream.write_key, "HOST": sandbox.url, "SLUG": stream.slug, "COUNT": str(COUNT), **more}
    command = [str(TOOLS / "bin" / "node"), script]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **told}
    log = home / f"{script}.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(command, cwd=home, env=env, stdin=subprocess.PIPE, stdout=said, stderr=said) as process,
    ):
        try:
            yield
            process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, log.read_text()


def _wait_for(sandbox: Sandbox, stream: SendingStream, count: int) -> None:
    wait_until(lambda: len(sandbox.events(stream)) >= count, seconds=SECONDS, what="the events of the SDK")


def _all_is_well(sandbox: Sandbox, stream: SendingStream) -> None:
    events = sandbox.events(stream)
    assert [one.findings for one in events if not one.valid] == []
    opened = [one.body["properties"]["number"] for one in events if one.type == "track"]
    assert sorted(opened) == list(range(COUNT)), "each event is there once"
    counted = sandbox.declared(stream)["Email Opened"]
    assert (counted.valid, counted.invalid) == (COUNT, 0)


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
def test_the_python_sdk_delivers(sandbox: Sandbox, *, gzip: bool) -> None:
    stream = sandbox.stream(f"python-{'gzip' if gzip else 'plain'}", ["Email Opened"])
    client = _python(sandbox, stream, gzip=gzip)
    client.flush()
    client.join()
    _all_is_well(sandbox, stream)


def test_the_node_sdk_delivers(sandbox: Sandbox, tmp_path: Path) -> None:
    stream = sandbox.stream("node", ["Email Opened"])
    with _node("node.mjs", sandbox, stream, tmp_path):
        _wait_for(sandbox, stream, COUNT + 1)
    _all_is_well(sandbox, stream)
    assert {one.body["context"]["library"]["name"] for one in sandbox.events(stream)} == {"@segment/analytics-node"}


@pytest.mark.parametrize("batched", ["", "yes"], ids=["one by one", "batched"])
def test_the_browser_sdk_finds_its_settings_and_delivers(sandbox: Sandbox, tmp_path: Path, batched: str) -> None:
    stream = sandbox.stream(f"browser-{'batched' if batched else 'single'}", ["Email Opened"])
    with _node("browser.mjs", sandbox, stream, tmp_path, BATCHED=batched):
        _wait_for(sandbox, stream, COUNT + 2)
    _all_is_well(sandbox, stream)
    assert {one.type for one in sandbox.events(stream)} == {"identify", "page", "track"}


def test_the_example_of_a_stream_sends_what_it_is_told_to(sandbox: Sandbox) -> None:
    stream = sandbox.stream("example", ["Email Opened", "Report Shared"])
    told = {"WRITE_KEY": stream.write_key, "TRACKING_URL": sandbox.url, "APP": stream.slug}
    command = [sys.executable, str(ROOT / "examples" / "stream" / "send.py"), "Email Opened", "Report Shared"]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=SECONDS, check=True)
    assert (done.stdout, done.stderr) == ("Sent: Email Opened, Report Shared.\n", "")
    assert {name: (one.valid, one.warned) for name, one in sandbox.declared(stream).items()} == {
        "Email Opened": (1, False),
        "Report Shared": (1, False),
    }


def test_sdks_try_again_until_the_sandbox_is_there(database: TestDatabase, valkey_url: str, tmp_path: Path) -> None:
    with sandbox_on(database, valkey_url, tmp_path, **UNLIMITED) as first:
        python, node = (first.stream(name, ["Email Opened"]) for name in ("python-waits", "node-waits"))
        url, env = environment_of_tracking(database.tracking_url, valkey_url, **UNLIMITED)
        later = Sandbox(url, first.engine, first.people)
        with _node("node.mjs", later, node, tmp_path):
            client = _python(later, python)
            wait_until(lambda: client.queue.qsize() <= COUNT, seconds=30, what="the first try of the SDK")
            with forked(TRACKING, env, tmp_path / "later.log"):
                wait_until(lambda: is_ready(url), seconds=60, what="the sandbox")
                _wait_for(later, node, COUNT + 1)
                client.flush()
                client.join()
        for stream in (python, node):
            _all_is_well(later, stream)


def test_sdks_that_are_too_fast_wait_as_long_as_they_are_told(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    limits = {"DEVCENTER_RATE_WRITE_KEY": "2", "DEVCENTER_RATE_SENDER": "0"}
    with sandbox_on(database, valkey_url, tmp_path, **limits) as sandbox:
        stream = sandbox.stream("hasty", ["Email Opened"])
        client = _python(sandbox, stream, batch=1)
        client.flush()
        client.join()
        _all_is_well(sandbox, stream)
