"""The debugger's page: of a stream to which nothing has come, and of one with events of every judgement."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, text

from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.test_runs import component_page

WRONG = {
    "code": "name.synonym",
    "level": "error",
    "pointer": "/event",
    "detail": "It is no name.",
    "remedy": "Mend it.",
}
WARNED = {"code": "x", "level": "warning", "pointer": "/userId", "detail": "It is odd.", "remedy": "Look at it."}


@contextmanager
def as_sandbox(service: Service) -> Iterator[Connection]:
    """Yields a connection with the privileges of the sandbox's process. Commits at the end."""
    engine = create_engine(service.database.tracking_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def stream_page(service: Service, slug: str) -> str:
    """Creates an App with a stream. Returns the path of its debugger."""
    body = {"kind": "stream", "name": "Sent", "settings": {"events": ["Email Opened", "Report Shared"]}}
    return component_page(service, slug, body) + "/events"


def came(service: Service, path: str, number: int, event: str, *findings: dict[str, Any], type_: str = "track") -> None:
    """Stores an event as the sandbox does, without what is counted of declared ones."""
    with as_sandbox(service) as connection:
        connection.execute(
            text("""INSERT INTO sandbox_event (component_id, component_revision, message_id, type, event, declared,
                                               received_at, body, valid, findings)
                    VALUES (:id, 1, :message, :type, CAST(:event AS text), CAST(:event AS text),
                            now(), :body, :valid, :findings)"""),
            {
                "id": path.split("/")[4],
                "message": f"m-{number}",
                "type": type_,
                "event": event,
                "body": json.dumps({"type": type_, "event": event, "userId": f"u-{number}"}),
                "valid": WRONG not in findings,
                "findings": json.dumps(findings),
            },
        )


def busy_stream_page(service: Service, slug: str) -> str:
    """Has events of every judgement come to a stream. Returns the path of its debugger."""
    path = stream_page(service, slug)
    came(service, path, 1, "Email Opened")
    came(service, path, 2, "Email Opened", WARNED)
    came(service, path, 3, "Report Shared", WRONG, WARNED)
    came(service, path, 4, "Home", type_="page")
    return path


def tried_page(service: Service, slug: str) -> str:
    """Has an event that a partner tried come to a stream. Returns the path of its debugger."""
    path = stream_page(service, slug)
    tried = service.partner("POST", f"/v1{path}", {"event": {"type": "track", "event": "Email Opened"}})
    assert tried.status_code == 201, tried.text
    return path


ADDRESSES = {
    "tried": Address(lambda service: service.url + tried_page(service, "events-tried"), role="partner"),
    "none": Address(lambda service: service.url + stream_page(service, "events-none"), role="partner"),
    "some": Address(lambda service: service.url + busy_stream_page(service, "events-some"), role="partner"),
}
