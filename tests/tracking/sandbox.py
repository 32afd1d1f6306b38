"""A running `devcenter tracking`, and streams that may send to it."""

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from cli.up import KEYS
from models import App, Component
from models.sandbox import SandboxDeclared, SandboxEvent
from tests.api.service import STARTS, addresses_of, is_ready
from tests.databases import TestDatabase
from tests.journeys import People, app_building, people_in
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import environment
from workflow.identity.secrets import WRITE_KEY, make_secret

TRACKING = (sys.executable, "-m", "cli.main", "tracking")
UNLIMITED = {"DEVCENTER_RATE_WRITE_KEY": "0", "DEVCENTER_RATE_SENDER": "0"}
LOG = "tracking.log"
DECLARED = ("Email Opened", "Order Completed")


@dataclass(frozen=True, slots=True)
class SendingStream:
    """A stream Component of an App, and its write key."""

    slug: str
    component_id: UUID
    write_key: str

    def event(self, number: int | str, name: str = "Email Opened", **more: Any) -> dict[str, Any]:
        """Returns a valid event with the message id `m-NUMBER`."""
        return {
            "type": "track",
            "event": name,
            "userId": "u-1",
            "messageId": f"m-{number}",
            "timestamp": "2026-11-02T09:30:00Z",
            "context": {"integration": {"name": self.slug, "version": "1.0.0"}},
            "properties": {"email_id": "e-1"},
            **more,
        }


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox, its database in the application role, and its log."""

    url: str
    engine: Engine
    people: People
    log: Path = Path("/dev/null")

    def stream(self, slug: str, events: Sequence[str] = DECLARED) -> SendingStream:
        """Creates an App that is built, with a stream. Commits."""
        app_building(self.engine, self.people, slug)
        key = make_secret(WRITE_KEY)
        with Session(self.engine) as session, session.begin():
            app = session.scalars(select(App).where(App.slug == slug)).one()
            component = Component(app_id=app.id, kind="stream", name="Sent", settings={"events": list(events)})
            component.write_key_hash = key.hash
            session.add(component)
            session.flush()
            return SendingStream(slug, component.id, key.text)

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> requests.Response:
        """Sends a body, as JSON unless it is bytes, with a write key as the Basic user name."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["Authorization"] = f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"
        return requests.post(self.url + path, data=content, headers=given, timeout=30)

    def events(self, stream: SendingStream) -> list[SandboxEvent]:
        """Returns the stored events of a stream, oldest first."""
        with Session(self.engine) as session:
            wanted = select(SandboxEvent).where(SandboxEvent.component_id == stream.component_id)
            return list(session.scalars(wanted.order_by(SandboxEvent.position)))

    def declared(self, stream: SendingStream) -> dict[str, SandboxDeclared]:
        """Returns what came of each declared event of a stream."""
        with Session(self.engine) as session:
            wanted = select(SandboxDeclared).where(SandboxDeclared.component_id == stream.component_id)
            return {one.event: one for one in session.scalars(wanted)}


@contextmanager
def sandbox_on(database: TestDatabase, redis_url: str, folder: Path, **settings: str) -> Iterator[Sandbox]:
    """Runs a sandbox on `database` until the block ends. Yields it once it is ready."""
    engine = create_engine(database.application_url)
    try:
        people = people_in(engine)
        with tracking_running(database.tracking_url, redis_url, folder, **settings) as url:
            yield Sandbox(url, engine, people, folder / LOG)
    finally:
        engine.dispose()


@contextmanager
def tracking_running(database_url: str, redis_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """Runs `devcenter tracking` until the block ends. Yields its address once it is ready."""
    log = folder / LOG
    for _ in range(STARTS):
        url, env = environment_of_tracking(database_url, redis_url, **settings)
        with forked(TRACKING, env, log) as process:
            wait_until(partial(_is_ready_or_ended, url, process), seconds=60, what="the sandbox")
            if process.is_alive():
                yield url
                return
    raise AssertionError(f"The sandbox ended: {log.read_text()}")


def environment_of_tracking(database_url: str, redis_url: str, **settings: str) -> tuple[str, dict[str, str]]:
    """Returns an address that is free, and the environment of a process that serves there. It has none of the keys."""
    url, own = addresses_of("DEVCENTER_TRACKING")
    env = environment(database_url, redis_url, **own | {"DEVCENTER_TRACKING_URL": url} | settings)
    return url, {name: value for name, value in env.items() if name not in KEYS}


def _is_ready_or_ended(url: str, process: ForkServerProcess) -> bool:
    return not process.is_alive() or is_ready(url)
