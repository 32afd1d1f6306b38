"""The example partner answers as a partner's endpoint must: driven over HTTP, on the real server."""

import base64
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from examples.partner.server import MAX_EVENT_BYTES, ExamplePartner
from examples.partner.webhook import MAX_EVENTS, MAX_MESSAGE_ID_CHARACTERS, SUPPORTED
from tests.waiting import wait_until

CHECKOUT = Path(__file__).parents[2]
FULL = {"event": "Signed up", "groupId": "acme", "previousId": "before", "name": "Home", "userId": "ada"}


@pytest.fixture
def partner() -> Iterator[ExamplePartner]:
    with ExamplePartner() as running:
        yield running


def _event(kind: str = "track", message_id: str = "1", **fields: object) -> dict[str, object]:
    return {"type": kind, "messageId": message_id, **FULL, **fields}


def _without(name: str, kind: str = "track") -> dict[str, object]:
    return {key: value for key, value in _event(kind).items() if key != name}


def _post(partner: ExamplePartner, body: object, key: str | None = "acme-key", **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    auth = None if key is None else (key, "")
    return requests.post(f"{partner.url}/webhook", data=data, auth=auth, headers=headers, timeout=10)


def _kept(partner: ExamplePartner) -> list[str]:
    return [event["messageId"] for event in requests.get(f"{partner.url}/events", timeout=10).json()]


def _raw(partner: ExamplePartner) -> socket.socket:
    address = urlsplit(partner.url)
    return socket.create_connection((str(address.hostname), address.port or 0), timeout=10)


def _until_closed(connection: socket.socket) -> bytes:
    """Returns the bytes until the connection is closed or reset. Raises TimeoutError if it stays open."""
    got = b""
    try:
        while chunk := connection.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass
    return got


@pytest.mark.parametrize("kind", sorted(SUPPORTED))
def test_every_type_of_the_spec_is_accepted_and_stored(partner: ExamplePartner, kind: str) -> None:
    answer = _post(partner, _event(kind))
    assert answer.status_code == (202 if kind == "delete" else 200)
    assert answer.json()["message"]
    assert _kept(partner) == ["1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{no",
        b"\xff\xfe",
        b'{"type": "page", "messageId": "1", "userId": "ada", "value": NaN}',
        b"[" * 30_000,
        [],
        "track",
        {},
        _event(""),
        _event(message_id=""),
        _event(message_id="x" * (MAX_MESSAGE_ID_CHARACTERS + 1)),
        _event(messageId=["a", "list"]),
        _event(messageId=7),
        {**_event(), "type": ["track"]},
        _without("messageId"),
        _without("type"),
        _without("userId"),
        _without("event"),
        _without("groupId", "group"),
        _without("previousId", "alias"),
        {**_without("userId", "alias"), "anonymousId": "a"},
        {**_without("userId", "delete"), "anonymousId": "a"},
    ],
    ids=lambda body: repr(body)[:60],
)
def test_a_malformed_event_is_answered_with_400_and_not_stored(partner: ExamplePartner, body: object) -> None:
    answer = _post(partner, body)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert _kept(partner) == []


@pytest.mark.parametrize("settings", ["%%%", base64.b64encode(b"{no").decode(), base64.b64encode(b"[]").decode()])
def test_settings_that_are_not_a_json_object_are_answered_with_400(partner: ExamplePartner, settings: str) -> None:
    assert _post(partner, _event(), **{"X-Segment-Settings": settings}).status_code == 400


def test_settings_that_are_a_json_object_are_accepted(partner: ExamplePartner) -> None:
    settings = base64.b64encode(b'{"region": "eu"}').decode()
    assert _post(partner, _event(), **{"X-Segment-Settings": settings}).status_code == 200


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic %%%", "Basic YWNtZQ", "Bearer acme-key", "Basic w7/DvzrDvw=="]
)
def test_a_malformed_key_is_answered_with_401(partner: ExamplePartner, authorization: str) -> None:
    assert _post(partner, _event(), None, Authorization=authorization).status_code == 401


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_a_missing_or_wrong_key_is_answered_with_401_whatever_the_event(
    partner: ExamplePartner, key: str | None
) -> None:
    answer = _post(partner, b"{no", key)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "API key" in answer.json()["message"]


def test_a_key_that_may_read_only_is_answered_with_403(partner: ExamplePartner) -> None:
    answer = _post(partner, _event(), "read-only")
    assert answer.status_code == 403
    assert "only read" in answer.json()["message"]


def test_a_type_that_is_not_supported_is_answered_with_501_and_named(partner: ExamplePartner) -> None:
    answer = _post(partner, _event("teleport"))
    assert answer.status_code == 501
    assert "teleport" in answer.json()["message"]


def test_an_event_of_an_anonymous_user_is_accepted(partner: ExamplePartner) -> None:
    assert _post(partner, {**_without("userId"), "anonymousId": "a"}).status_code == 200


def test_a_message_sent_many_times_at_once_is_stored_once(partner: ExamplePartner) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _post(partner, _event()).status_code, range(24)))
    assert set(answers) == {200}
    assert _kept(partner) == ["1"]


def test_a_delete_forgets_the_user_and_a_late_repeat_does_not_bring_it_back(partner: ExamplePartner) -> None:
    _post(partner, _event(message_id="1", userId="ada"))
    _post(partner, _event(message_id="2", userId="grace"))
    _post(partner, {**_without("userId"), "messageId": "3", "anonymousId": "a"})
    assert _post(partner, _event("delete", message_id="4", userId="ada")).status_code == 202
    assert _kept(partner) == ["2", "3", "4"]
    assert _post(partner, _event(message_id="1", userId="ada")).status_code == 200
    assert _kept(partner) == ["2", "3", "4"]


def test_only_the_newest_events_are_kept(partner: ExamplePartner) -> None:
    with requests.Session() as session:
        session.auth = ("acme-key", "")
        for number in range(MAX_EVENTS + 2):
            session.post(f"{partner.url}/webhook", json=_event(message_id=str(number)), timeout=10).raise_for_status()
    kept = _kept(partner)
    assert (len(kept), kept[0], kept[-1]) == (MAX_EVENTS, "2", str(MAX_EVENTS + 1))


def test_an_event_of_32_kb_is_accepted_and_one_byte_more_is_not(partner: ExamplePartner) -> None:
    empty = len(json.dumps(_event(padding="")))
    assert _post(partner, _event(padding="x" * (MAX_EVENT_BYTES - empty))).status_code == 200
    assert _post(partner, _event(message_id="2", padding="x" * (MAX_EVENT_BYTES - empty))).status_code == 200
    assert _post(partner, _event(message_id="3", padding="x" * (MAX_EVENT_BYTES - empty + 1))).status_code == 400


def test_a_large_body_still_gets_its_answer(partner: ExamplePartner) -> None:
    answer = _post(partner, b"x" * 900_000)
    assert answer.status_code == 400
    assert str(MAX_EVENT_BYTES) in answer.json()["message"]


def test_the_rest_of_a_refused_body_is_dropped_without_a_reset(partner: ExamplePartner) -> None:
    with _raw(partner) as connection:
        connection.sendall(b"POST /webhook HTTP/1.1\r\nContent-Length: 900000\r\n\r\n")
        assert _until_closed(connection).startswith(b"HTTP/1.1 400 ")
        for _ in range(9):
            connection.sendall(b"x" * 100_000)


def test_a_body_without_a_length_is_answered_with_400(partner: ExamplePartner) -> None:
    chunks = (part for part in (b"{", b"}"))
    answer = requests.post(f"{partner.url}/webhook", data=chunks, auth=("acme-key", ""), timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize("length", [b"-1", b"\xb2", b"1e3", b"9" * 5000, b""])
def test_a_length_that_is_not_a_number_is_answered_with_400(partner: ExamplePartner, length: bytes) -> None:
    with _raw(partner) as connection:
        connection.sendall(b"POST /webhook HTTP/1.1\r\nHost: partner\r\nContent-Length: " + length + b"\r\n\r\n")
        assert _until_closed(connection).startswith(b"HTTP/1.1 400 ")


def test_too_many_events_at_once_are_answered_with_503_and_accepted_later() -> None:
    with ExamplePartner(max_concurrent_events=1) as partner, _raw(partner) as slow:
        slow.sendall(b"POST /webhook HTTP/1.1\r\nHost: partner\r\nContent-Length: 10\r\n\r\n{")
        messages: list[str] = []

        def busy() -> bool:
            answer = _post(partner, _event())
            messages.append(answer.json()["message"])
            return answer.status_code == 503

        wait_until(busy, what="a 503 while one event is held")
        assert "again" in messages[-1]
        slow.close()
        wait_until(lambda: _post(partner, _event(message_id="2")).status_code == 200, what="room again")


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /web", b"POST /webhook HTTP/1.1\r\nHost: ", b"POST /webhook HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"],
    ids=["nothing", "request line", "headers", "body"],
)
def test_a_request_that_does_not_arrive_in_time_is_cut_off(beginning: bytes) -> None:
    with ExamplePartner(request_seconds=0.2) as partner, _raw(partner) as slow:
        slow.sendall(beginning)
        assert _until_closed(slow) == b""


def test_a_sender_that_drips_for_ever_is_cut_off() -> None:
    with ExamplePartner(request_seconds=0.2) as partner, _raw(partner) as slow:
        slow.sendall(b"POST /webhook HTTP/1.1\r\nX-Drip: ")
        slow.settimeout(0.02)

        def cut_off() -> bool:
            try:
                slow.sendall(b"x")
                return slow.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        wait_until(cut_off, what="the end of a connection that drips")


def test_a_connection_may_live_longer_than_a_request_may_take() -> None:
    seconds = 1.0
    with ExamplePartner(request_seconds=seconds) as partner, _raw(partner) as connection:
        ends_at = time.monotonic() + 1.5 * seconds
        while time.monotonic() < ends_at:
            connection.sendall(b"POST /webhook HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_several_events_travel_on_one_connection(partner: ExamplePartner) -> None:
    body = json.dumps(_event()).encode()
    head = f"POST /webhook HTTP/1.1\r\nAuthorization: Basic YWNtZS1rZXk6\r\nContent-Length: {len(body)}\r\n"
    with _raw(partner) as connection:
        connection.sendall(head.encode() + b"\r\n" + body + head.encode() + b"Connection: close\r\n\r\n" + body)
        assert _until_closed(connection).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/x", 404), ("POST", "/docs", 404), ("PUT", "/webhook", 501)]
)
def test_what_does_not_exist_is_answered_with_a_message(
    partner: ExamplePartner, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, partner.url + path, data=b"{}", timeout=10)
    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize("path", ["/docs", "/partners", "/blog/announcement", "/docs?utm_source=mail"])
def test_every_page_is_html_that_names_the_platform_and_the_app(partner: ExamplePartner, path: str) -> None:
    page = requests.get(partner.url + path, timeout=10)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Segment" in page.text
    assert "Acme Insights" in page.text
    head = requests.head(partner.url + path, timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == page.headers["Content-Length"]


def test_a_page_can_be_taken_away_and_put_back(partner: ExamplePartner) -> None:
    page = f"{partner.url}/partners"
    for change, status in ((requests.delete, 404), (requests.delete, 404), (requests.put, 200)):
        assert change(page, timeout=10).status_code == 200
        assert requests.get(page, timeout=10).status_code == status


def test_the_partners_page_links_to_the_platform_with_utm_parameters(partner: ExamplePartner) -> None:
    links: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            links.extend(value for name, value in attrs if tag == "a" and name == "href" and value)

    Links().feed(requests.get(f"{partner.url}/partners", timeout=10).text)
    (link,) = [urlsplit(link) for link in links if urlsplit(link).hostname == "segment.com"]
    assert parse_qs(link.query) == {
        "utm_source": ["acme-insights"],
        "utm_medium": ["partner"],
        "utm_campaign": ["integration"],
    }


def test_the_name_of_an_app_cannot_break_out_of_the_page() -> None:
    with ExamplePartner(app_name='<script>"&') as partner:
        page = requests.get(f"{partner.url}/partners", timeout=10).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def _program(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "examples.partner", *options]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_program_prints_its_address_and_stops_cleanly(stop: signal.Signals) -> None:
    with _program("--port", "0", "--app-name", "Other Name", "--api-key", "other-key") as program:
        try:
            assert program.stdout is not None
            url = json.loads(program.stdout.readline())["url"]
            assert urlsplit(url).hostname == "127.0.0.1"
            assert "Other Name" in requests.get(f"{url}/docs", timeout=10).text
            answer = requests.post(f"{url}/webhook", json=_event(), auth=("other-key", ""), timeout=10)
            assert answer.status_code == 200
            program.send_signal(stop)
            rest, errors = program.communicate(timeout=20)
        finally:
            program.kill()
    assert (program.returncode, rest, errors) == (0, "", "")


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with ExamplePartner() as partner, _program("--port", str(urlsplit(partner.url).port)) as program:
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 1
    assert "--port" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("port", ["70000", "-1", "web"])
def test_an_invalid_port_is_refused(port: str) -> None:
    with _program(f"--port={port}") as program:
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 2
    assert "0 to 65535" in errors
