"""Pages of test runs: those of a webhook with results of every colour, of a plugin, and of a run that is under way."""

import json
from typing import Any

from sqlalchemy import text

from tests.api.running import Service
from tests.console.addresses import Address
from tests.launch import STREAM, WEB, WEBHOOK

FOUND = [{"code": "answer.error", "detail": "The answer was 500. Right would be: 200.", "remedy": "See the log."}]


def component_page(service: Service, slug: str, body: dict[str, Any] | None = None) -> str:
    """Creates an App with a Component, by default a webhook with a test key. Returns the path of its page."""
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Charts"})
    made = service.partner("POST", f"/v1/apps/{slug}/components", body or WEBHOOK)
    assert made.status_code == 201, made.text
    path = f"/apps/{slug}/components/{made.json()['id']}"
    if made.json()["kind"] == "subscription":
        given = service.partner("PUT", f"/v1{path}/test-settings", {"key": "the-test-key", "settings": {}})
        assert given.status_code == 200, given.text
    return path


def run_page(service: Service, slug: str, body: dict[str, Any] | None = None) -> str:
    """Starts the suite of a new webhook. Returns the path of the run's page."""
    path = component_page(service, slug)
    started = service.partner("POST", f"/v1{path}/test-runs", body or {})
    assert started.status_code == 202, started.text
    return f"{path}/test-runs/{started.json()['id']}"


def record(service: Service, run: str, position: int, code: str, colour: str, status: int | None) -> None:
    """Records a result of the run as its worker does."""
    with service.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO component_test_result
                           (test_id, position, code, event, method, url, headers, body, status, answer, is_json,
                            latency_ms, colour, findings)
                    VALUES (:run, :position, :code, 'track', 'POST', 'https://acme.example/webhook', :headers, :body,
                            :status, :answer, true, 35, :colour, :found)"""),
            {
                "run": run.rpartition("/")[2],
                "position": position,
                "code": code,
                "colour": colour,
                "status": status,
                "headers": json.dumps({"Authorization": "Basic (the test key)", "Content-Type": "application/json"}),
                "body": '{"type":"track","event":"Signed up"}',
                "answer": None if status is None else '{"message":"<b>Fine</b>"}',
                "found": json.dumps([] if colour == "green" else FOUND),
            },
        )


def end(service: Service, run: str, colour: str) -> None:
    """Ends the run as its worker does."""
    with service.engine.begin() as connection:
        connection.execute(
            text("UPDATE component_test SET status = 'done', colour = :colour, finished_at = now() WHERE id = :run"),
            {"run": run.rpartition("/")[2], "colour": colour},
        )


def ended_run_page(service: Service, slug: str) -> str:
    """Has a run end with results of every colour. Returns the path of its page."""
    run = run_page(service, slug)
    record(service, run, 1, "identify", "green", 200)
    record(service, run, 2, "track_signed_up", "red", 500)
    record(service, run, 3, "track_enabled", "red", None)
    record(service, run, 4, "track_invited", "yellow", 501)
    end(service, run, "red")
    return run


def _of(service: Service, slug: str) -> str:
    return service.url + ended_run_page(service, slug).rpartition("/")[0]


ADDRESSES = {
    "subscription": Address(lambda service: _of(service, "tested-hook"), role="partner"),
    "plugin": Address(
        lambda service: (
            service.url
            + component_page(
                service, "tested-plugin", {"kind": "plugin", "subkind": "web", "name": "Web", "settings": WEB}
            )
            + "/test-runs"
        ),
        role="partner",
    ),
    "stream": Address(
        lambda service: (
            service.url
            + component_page(service, "tested-stream", {"kind": "stream", "name": "Sent", "settings": STREAM})
            + "/test-runs"
        ),
        role="partner",
    ),
    "under-way": Address(lambda service: service.url + run_page(service, "tested-now"), role="partner"),
    "ended": Address(lambda service: service.url + ended_run_page(service, "tested-red"), role="partner"),
}
