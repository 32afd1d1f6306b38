"""A misbehaving client on a raw socket: whatever it sends is answered with a problem, or its connection is closed."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.api.running import Service
from web.bounds import MAX_TARGET_BYTES

Answer = tuple[int, dict[str, str], bytes]
HOST = b"Host: x\r\nConnection: close\r\n"
COMPONENT = '{"kind":"stream","name":"Events","settings":{"n":%s}}'


@contextmanager
def _client(service: Service) -> Iterator[socket.socket]:
    address = urlsplit(service.url)
    with closing(socket.create_connection((address.hostname, address.port), timeout=20)) as client:
        yield client


def _send(service: Service, sent: bytes) -> Answer:
    with _client(service) as client:
        client.sendall(sent)
        got = b""
        while part := client.recv(65536):
            got += part
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status.split()[1]), headers, body


def _post(service: Service, path: str, body: bytes, kind: bytes = b"application/json", more: bytes = b"") -> Answer:
    token = (service.partner.token or "").encode()
    head = b"POST %b HTTP/1.1\r\n%bAuthorization: Bearer %b\r\n" % (path.encode(), HOST, token)
    return _send(service, head + b"Content-Type: %b\r\nContent-Length: %d\r\n%b\r\n" % (kind, len(body), more) + body)


def _code(answer: Answer) -> tuple[int, str]:
    assert answer[1]["content-type"] == "application/problem+json", answer
    return answer[0], json.loads(answer[2])["code"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"slug":"bomb","name":' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"slug":"bomb","name":' + b"[" * 90_000 + b"]" * 90_000 + b"}",
        b'{"a":' * 90_000 + b"1" + b"}" * 90_000,
        b"[" * 1_000_000,
        b"[" + b"1," * 400_000 + b"1]",
        b'{"slug":"number","name":"x","n":' + b"9" * 10_000 + b"}",
        b'{"slug":"number","name":"x","n":9223372036854775808}',
        b'{"slug":"number","name":"x","n":NaN}',
        b'{"slug":"number","name":"x","n":-Infinity}',
        b'{"slug":"number","name":"x","n":1e400}',
        b'{"slug":"first","slug":"second","name":"x"}',
        b'{"slug":"bytes","name":"\xc3\x28"}',
        '{"slug":"wide","name":"x"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"slug":"bom","name":"x"}',
        b'{"slug":"half"',
    ],
    ids=[
        "nest",
        "deep nest",
        "deep objects",
        "open nest",
        "many values",
        "long number",
        "large number",
        "NaN",
        "Infinity",
        "infinite",
        "name twice",
        "no UTF-8",
        "UTF-16",
        "BOM",
        "broken off",
    ],
)
def test_json_that_is_ambiguous_or_expensive_to_parse_is_refused(shared_service: Service, body: bytes) -> None:
    assert _code(_post(shared_service, "/v1/apps", body)) == (400, "body.unreadable")


@pytest.mark.parametrize(
    "value",
    ["[" * 25 + "]" * 25, '"' + "x" * 70_000 + '"', '"\\u0000"', '"\\ud800"'],
    ids=["nest", "large", "NUL", "surrogate"],
)
def test_a_free_form_object_is_bounded_and_storable(shared_service: Service, value: str) -> None:
    shared_service.partner("POST", "/v1/apps", {"slug": "free-form", "name": "Free"})
    answer = _post(shared_service, "/v1/apps/free-form/components", (COMPONENT % value).encode())
    assert _code(answer) == (422, "request.invalid")


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        (b"text/plain", b"", "body.unsupported"),
        (b"application/x-www-form-urlencoded", b"", "body.unsupported"),
        (b"multipart/form-data; boundary=b", b"", "body.unsupported"),
        (b"application/json", b"Content-Encoding: gzip\r\n", "body.encoded"),
    ],
)
def test_a_body_of_another_media_type_is_refused(shared_service: Service, kind: bytes, more: bytes, code: str) -> None:
    answer = _post(shared_service, "/v1/apps", b'{"slug":"kind","name":"x"}', kind, more)
    assert _code(answer) == (415, code)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: y\r\n" + HOST + b"\r\n",
        b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"BREW /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET ? HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
        b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Content-Length: -3\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/apps HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x/v1\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a@x\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x y\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n",
    ],
)
def test_an_ambiguous_head_is_refused(shared_service: Service, sent: bytes) -> None:
    assert _code(_send(shared_service, sent)) == (400, "request.unreadable")


@pytest.mark.parametrize("host", [b"", b"x:80", b"[::1]:8787", b"my_host.example.", b"1.2.3.4", b"%C3%A9.example"])
def test_a_host_may_be_whatever_its_grammar_allows(shared_service: Service, host: bytes) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    assert _send(shared_service, sent)[0] == 200


CHUNKED = b"POST /v1/access-requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
CHUNKED += b"Content-Type: application/json\r\n\r\n"


@pytest.mark.parametrize(
    "chunks",
    [
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        b"2;a\n=b\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nX Y: z\r\n\r\n",
    ],
)
def test_chunks_that_cannot_be_read_are_answered(shared_service: Service, chunks: bytes) -> None:
    assert _code(_send(shared_service, CHUNKED + chunks)) == (400, "body.unreadable")
    assert _code(_send(shared_service, CHUNKED + b"1\r\n{\r\n" + chunks)) == (400, "body.unreadable")


@pytest.mark.parametrize(
    "frames", [b"2;%b\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n0\r\nX: %b\r\n\r\n", b"2\r\n{}\r\n0\r\n%b: x\r\n\r\n"]
)
def test_what_stands_around_a_body_is_bounded(shared_service: Service, frames: bytes) -> None:
    assert _code(_send(shared_service, CHUNKED + frames % (b"a" * 4_000_000))) == (400, "body.unreadable")


@pytest.mark.parametrize("offer", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_offer_to_upgrade_is_ignored(shared_service: Service, offer: bytes, is_chunked: bool) -> None:
    """Some clients offer HTTP/2 with their first request, whatever it is."""
    upgrade = b"Upgrade: %b\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n" % offer
    body = b'{"slug":"upgraded-%d","name":"Upgraded"}' % is_chunked
    token = b"Host: x\r\nAuthorization: Bearer %b\r\n" % (shared_service.partner.token or "").encode()
    post = b"POST /v1/apps HTTP/1.1\r\nContent-Type: application/json\r\n" + token + upgrade
    if is_chunked:
        post += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        post += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n"
    last = b"GET /v1/nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    with _client(shared_service) as client:
        sent = post + get + last
        client.sendall(sent[:-300])
        client.sendall(sent[-300:])
        got = b""
        while part := client.recv(65536):
            got += part
    statuses = [part[:3] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert statuses[0] in (b"201", b"409")  # another worker of the tests may have made it
    assert statuses[1:] == [b"200", b"404"]


@pytest.mark.parametrize(
    "target", [b"/v1/apps/" + b"a" * MAX_TARGET_BYTES, b"/v1/apps?" + b"a=1&" * (MAX_TARGET_BYTES // 4)]
)
def test_a_path_or_a_query_that_is_too_long_is_refused(shared_service: Service, target: bytes) -> None:
    answer = _send(shared_service, b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert _code(answer) == (414, "target.too_long")


def test_a_body_declared_too_large_is_refused_before_100_continue(
    shared_service: Service,
) -> None:
    head = b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n"
    assert _code(_send(shared_service, head)) == (413, "body.too_large")


def test_a_trailer_is_not_a_header(shared_service: Service) -> None:
    token = (shared_service.partner.token or "").encode()
    head = b"POST /v1/apps HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    trailers = b"0\r\nAuthorization: Bearer " + token + b"\r\n" + b"X: y\r\n" * 1000 + b"\r\n"
    assert _code(_send(shared_service, head + trailers)) == (401, "token.missing")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE"])
def test_a_method_that_a_route_lacks_is_refused_with_those_it_has(shared_service: Service, method: str) -> None:
    answer = _send(shared_service, f"{method} /v1/apps HTTP/1.1\r\n".encode() + HOST + b"\r\n")
    assert _code(answer) == (405, "method.not_allowed")
    assert answer[1]["allow"] == "GET, POST"


def test_head_is_answered_as_get_without_content(shared_service: Service) -> None:
    status, headers, body = _send(shared_service, b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) == len(b'{"status":"alive"}')


def test_a_path_with_an_extra_slash_is_not_found(shared_service: Service) -> None:
    answer = _send(shared_service, b"GET /v1/apps/ HTTP/1.1\r\n" + HOST + b"\r\n")
    assert _code(answer) == (404, "route.not_found")


def test_a_client_of_http_1_0_is_answered_and_its_connection_closed(shared_service: Service) -> None:
    status, headers, body = _send(shared_service, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (status, headers["connection"], body) == (200, "close", b'{"status":"alive"}')
