"""One line of the log for each call, each transition and each mail, by which a request can be followed."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from models.lifecycle import AppTrigger
from tests.api.running import Service, service_on
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, app_building, apps_in_public_beta
from tests.mailbox import Mailbox
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment, running

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass(frozen=True, slots=True)
class Logged:
    """A running API, and what it has logged."""

    service: Service
    file: Path

    def lines(self, **wanted: object) -> list[dict[str, Any]]:
        """Returns the lines that have these values."""
        return lines_of(self.file, **wanted)

    def line(self, **wanted: object) -> dict[str, Any]:
        """Returns the only line that has these values, once it is there."""
        wait_until(lambda: self.lines(**wanted), seconds=10, what=f"a line with {wanted}")
        (found,) = self.lines(**wanted)
        return found


def lines_of(file: Path, **wanted: object) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if wanted.items() <= line.items()]


@pytest.fixture(scope="module")
def logged(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("logged")
    with service_on(module_database, module_valkey_url, folder, DEVCENTER_LOG_FORMAT="json") as service:
        yield Logged(service, folder / "api.log")


def test_a_call_is_one_line_with_the_id_that_its_answer_had(logged: Logged) -> None:
    app_building(logged.service.engine, logged.service.people, "seen")
    answer = logged.service.partner("GET", "/v1/apps/seen")
    line = logged.line(call_id=answer.headers["X-Request-ID"])
    expected = {
        "event": "call",
        "level": "info",
        "method": "GET",
        "route": "/v1/apps/{slug}",
        "app": "seen",
        "status": 200,
        "role": "partner",
        "principal_id": str(logged.service.people.partner.id),
        "trace_id": answer.headers["X-Request-ID"],
    }
    assert expected.items() <= line.items()
    assert line["duration_ms"] > 0


def test_a_callers_trace_is_in_the_line_and_an_invalid_one_is_no_error(logged: Logged) -> None:
    answer = logged.service.nobody("GET", "/v1/catalog", traceparent=f"00-{TRACE}-{SPAN}-01")
    line = logged.line(call_id=answer.headers["X-Request-ID"])
    assert (line["trace_id"], line["parent_id"]) == (TRACE, SPAN)
    assert line["call_id"] != TRACE
    answer = logged.service.nobody("GET", "/v1/catalog", traceparent=f"00-{'0' * 32}-{SPAN}-01")
    assert answer.status_code == 200
    line = logged.line(call_id=answer.headers["X-Request-ID"])
    assert line["trace_id"] == line["call_id"]
    assert "parent_id" not in line


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/apps/nowhere", 404, "app.not_found"),
        ("GET", "/nowhere", 404, "route.not_found"),
        ("PATCH", "/v1/catalog", 405, "method.not_allowed"),
        ("POST", "/v1/apps", 422, "request.invalid"),
        ("GET", "/v1/apps?colour=blue", 422, "request.invalid"),
    ],
)
def test_the_line_of_a_refusal_has_its_code(logged: Logged, method: str, path: str, status: int, code: str) -> None:
    answer = logged.service.partner(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    line = logged.line(call_id=answer.headers["X-Request-ID"])
    assert (line["status"], line["code"]) == (status, code)


def test_a_call_that_is_refused_before_it_is_read_has_a_line_too(logged: Logged) -> None:
    answer = logged.service.nobody("GET", "/v1/catalog", X_Long="a" * 100_000)
    assert answer.status_code == 431
    assert logged.line(call_id=answer.headers["X-Request-ID"])["code"] == "headers.too_large"
    with socket.create_connection((urlsplit(logged.service.url).hostname, urlsplit(logged.service.url).port)) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert b"x-request-id: " in raw.recv(10_000)
    assert logged.line(code="request.unreadable")["status"] == 400


def test_nothing_secret_gets_into_the_log(logged: Logged) -> None:
    """Whatever a caller sends is foreign to the log: tokens, codes in paths, queries, bodies, addresses, headers."""
    secret = "zq-SECRET_9qz"
    service = logged.service
    app_building(service.engine, service.people, "quiet")
    address = f"{secret.lower()}@acme.example"
    calls = [
        service.nobody("GET", f"/v1/catalog?q={secret}"),
        service.nobody("GET", f"/v1/catalog?{secret}={secret}"),
        service.nobody("GET", f"/{secret}"),
        service.nobody("GET", f"/v1/previews/{secret}"),
        service.nobody("GET", f"/v1/apps/{secret}"),
        service.nobody("GET", f"/v1/apps/{address}"),
        service.nobody("GET", f"/v1/invitations/{secret}"),
        service.nobody("POST", f"/v1/invitations/{secret}/accept", {"versions": {secret: secret}}),
        service.nobody("GET", f"/proofs/{secret}"),
        service.nobody("GET", f"/unsubscribe/{secret}"),
        service.nobody("GET", "/v1/me", Authorization=f"Bearer dc_partner_{secret}"),
        service.nobody("GET", "/v1/me", Authorization=secret),
        service.nobody("GET", "/v1/catalog", Cookie=secret, Referer=secret, User_Agent=secret, traceparent=secret),
        service.nobody("GET", "/v1/access-requests/01a2b3c4-0000-7000-8000-000000000002", Request_Secret=secret),
        service.nobody("POST", "/v1/access-requests", {"email": address, "contact_name": secret}),
        service.partner("PATCH", "/v1/apps/quiet", {"name": secret}),
        service.partner("PATCH", "/v1/apps/quiet", {secret: secret}),
        service.partner("PATCH", "/v1/apps/quiet", f'{{"name": "{secret}'.encode()),
        service.partner(
            "PUT", "/v1/apps/quiet/checklist/test_account", {"evidence": {"username": address, "password": secret}}
        ),
        service.service("PUT", f"/v1/apps/quiet/customers/{secret}"),
        service.service("POST", "/v1/transition-requests", {"app": secret, "trigger": secret}, Idempotency_Key=secret),
        service.reviewer(
            "POST", "/v1/transition-requests", {"app": "quiet", "trigger": "submit"}, Idempotency_Key=secret
        ),
    ]
    for answer in calls:
        logged.line(event="call", call_id=answer.headers["X-Request-ID"])
    said = logged.file.read_text()
    assert secret.lower() not in said.lower()
    for caller in (service.partner, service.reviewer, service.service, service.admin):
        assert str(caller.token) not in said


def test_one_request_can_be_followed_from_its_call_to_its_transition_to_its_mails(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    with Mailbox() as mailbox, service_on(database, valkey_url, tmp_path, DEVCENTER_LOG_FORMAT="json") as service:
        apps_in_public_beta(service.engine, service.people, ["followed"])
        env = environment(database.application_url, valkey_url, DEVCENTER_SMTP_PORT=str(mailbox.port))
        log = tmp_path / "worker.log"
        with running((*WORKER, "--skip-logging"), env, log):
            wanted = {"app": "followed", "trigger": AppTrigger.SUSPEND.value, "reasons": _given(BECAUSE)}
            answer = service.admin("POST", "/v1/transition-requests", wanted, Prefer="wait=20")
            assert answer.json()["status"] == "applied", answer.text
            again = service.admin("POST", "/v1/transition-requests", wanted, Prefer="wait=20")
            assert again.json()["status"] == "refused", again.text
            wait_until(lambda: mailbox.letters, seconds=20)
            wait_until(lambda: lines_of(log, event="delivery", app="followed"), seconds=20)
            wait_until(lambda: lines_of(log, event="transition", outcome="refused"), seconds=20)
        (call,) = lines_of(tmp_path / "api.log", event="call", request_id=answer.json()["id"])
        assert (call["call_id"], call["app"]) == (answer.headers["X-Request-ID"], "followed")
        (transition,) = lines_of(log, event="transition", request_id=answer.json()["id"])
        assert (transition["outcome"], transition["trigger"], transition["unmet"]) == ("applied", "suspend", "")
        assert transition["app"] == "followed"
        assert transition["duration_ms"] > 0
        (refused,) = lines_of(log, event="transition", request_id=again.json()["id"])
        assert refused["app"] == "followed"
        assert refused["outcome"] == "refused"
        assert refused["unmet"] == " ".join(why["code"] for why in again.json()["unmet"])
        deliveries = lines_of(log, event="delivery", app="followed")
        with service.engine.connect() as connection:
            written = {str(one) for one in connection.scalars(text("SELECT id FROM notification"))}
        assert {line["notification_id"] for line in deliveries} <= written
        assert {line["outcome"] for line in deliveries} == {"done"}
        said = log.read_text()
        assert all(str(letter["To"]) not in said for letter in mailbox.letters)


def _given(reasons: Any) -> list[dict[str, str]]:
    return [{"code": one.code, "text": one.text} for one in reasons]
