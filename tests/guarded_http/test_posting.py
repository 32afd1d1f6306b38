"""What a POST sends and returns: exact headers, no redirect followed, a bounded part of the body, the TLS version."""

from datetime import UTC, datetime, timedelta

import pytest

from runtime.guarded_http import Answer, FetchRefused
from tests.guarded_http.clients import local, strict
from tests.guarded_http.hostile_server import (
    Behaviour,
    HostileServer,
    answer,
    drips,
    floods,
    page,
    redirect,
    sends,
    silent,
)
from tests.guarded_http.test_fetching import tls

HEADERS = {"Accept": "*/*", "Connection": "Keep-Alive", "Content-Type": "application/json"}
LONG = timedelta(seconds=10)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def posted(behaviour: Behaviour, total: timedelta = LONG) -> Answer:
    with HostileServer({"/hook?a=b": behaviour}).running() as server:
        return local().post(server.url("/hook?a=b#part"), headers=HEADERS, body=b"{}", total=total)


def refused(behaviour: Behaviour, total: timedelta = LONG) -> str:
    with pytest.raises(FetchRefused) as caught:
        posted(behaviour, total)
    return caught.value.code


def test_exactly_the_given_headers_are_sent() -> None:
    with HostileServer({"/": page(b"")}).running() as server:
        local().post(server.url("/"), headers=HEADERS, body=b'{"a": 1}', total=LONG)
    assert server.heads[0].split("\r\n") == [
        "POST / HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Accept: */*",
        "Connection: Keep-Alive",
        "Content-Type: application/json",
        "User-Agent: devcenter-test/1",
        "Content-Length: 8",
        "",
        "",
    ]


def test_an_answer_has_its_status_its_type_and_its_body() -> None:
    found = posted(page(b'{"a": 1}', "Content-Type: application/json", status="503 Down"))
    assert (found.status, found.content_type, found.body) == (503, "application/json", b'{"a": 1}')
    assert (found.is_cut, found.body_problem) == (False, None)
    assert (found.tls_version, found.certificate_ends, found.location) == (None, None, None)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    found = posted(redirect("http://127.0.0.1:1/elsewhere", status="307 Moved"))
    assert (found.status, found.location) == (307, "http://127.0.0.1:1/elsewhere")


@pytest.mark.parametrize(
    ("behaviour", "length", "is_cut", "problem"),
    [
        pytest.param(page(bytes(4096)), 4096, False, None, id="just fits"),
        pytest.param(page(bytes(4097)), 4096, True, None, id="one byte more"),
        pytest.param(floods(OK + b"\r\n", bytes(65536)), 4096, True, None, id="endless"),
        pytest.param(
            floods(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100), 4096, True, None, id="chunks"
        ),
        pytest.param(answer("Content-Length: 10", body=b"short"), 5, False, "connection.failed", id="cut short"),
        pytest.param(sends(CHUNKED + b"zz\r\n"), 0, False, "response.malformed", id="bad chunk"),
        pytest.param(page(b"x", "Content-Encoding: gzip"), 0, False, "encoding.not_allowed", id="compressed"),
        pytest.param(page(b"", status="204 No Content"), 0, False, None, id="no content"),
    ],
)
def test_as_much_of_the_body_is_read_as_is_allowed(
    behaviour: Behaviour, length: int, is_cut: bool, problem: str | None
) -> None:
    found = posted(behaviour)
    assert (len(found.body), found.is_cut, found.body_problem) == (length, is_cut, problem)


def test_a_body_that_drips_ends_with_the_time_and_what_came_is_kept() -> None:
    found = posted(drips(OK + b"\r\n", b"x"), timedelta(seconds=0.5))
    assert (found.status, found.body_problem, found.is_cut) == (200, "time.exceeded", False)
    assert found.body.startswith(b"x")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(silent, "time.exceeded", id="silence"),
        pytest.param(drips(b"", b"H"), "time.exceeded", id="a status line that drips"),
        pytest.param(sends(b""), "connection.failed", id="closes at once"),
        pytest.param(sends(b"hello\r\n"), "response.malformed", id="HTTP/0.9"),
        pytest.param(sends(b"HTTP/1.1 101 Go\r\n\r\n"), "response.malformed", id="another protocol"),
        pytest.param(floods(OK, b"X: y\r\n"), "headers.too_large", id="endless headers"),
    ],
)
def test_what_is_no_answer_is_refused(behaviour: Behaviour, code: str) -> None:
    assert refused(behaviour, timedelta(seconds=0.5) if code == "time.exceeded" else LONG) == code


def test_the_version_of_tls_and_the_end_of_the_certificate_are_known() -> None:
    with HostileServer({"/": page(b"")}, tls=tls("good")).running() as server:
        found = local(None, ["127.0.0.1"]).post(
            server.url("/", host="partner.example"), headers={}, body=b"", total=LONG
        )
    assert found.tls_version == "TLSv1.3"
    assert found.certificate_ends is not None
    assert found.certificate_ends > datetime.now(UTC)


@pytest.mark.parametrize("name", ["expired", "self_signed", "other_host"])
def test_a_certificate_that_is_not_valid_is_refused(name: str) -> None:
    with HostileServer({"/": page(b"")}, tls=tls(name)).running() as server, pytest.raises(FetchRefused) as caught:
        local(None, ["127.0.0.1"]).post(server.url("/", host="partner.example"), headers={}, body=b"", total=LONG)
    assert caught.value.code == "tls.invalid"


def test_an_address_that_is_not_public_is_never_posted_to() -> None:
    with HostileServer({"/": page(b"")}).running() as server, pytest.raises(FetchRefused) as caught:
        strict().post(server.url("/"), headers={}, body=b"", total=LONG)
    assert (caught.value.code, server.heads) == ("address.not_public", [])
