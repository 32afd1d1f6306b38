"""One reading of each header: every other spelling is refused, and answers say who may store and read them."""

from email.message import Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.running import Service
from web.headers import credentials_of, media_type_of, network_of, repeated_header, with_lists_joined

TOKEN = "dc_partner_abc"


def _scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "headers": list(headers)}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    assert credentials_of(_scope((b"authorization", f"{scheme} {TOKEN}".encode()))).token == TOKEN


@pytest.mark.parametrize(
    "spelling",
    [
        b"Bearer  dc_partner_abc",
        b"Bearer\tdc_partner_abc",
        b"Bearer \tdc_partner_abc",
        b"Bearer dc_partner_abc ",
        b"Bearer dc_partner_abc, Bearer dc_partner_abd",
        b"Bearer dc_partner_abc dc_partner_abd",
        b"Bearer",
        b"Bearer ",
        b"",
        b"dc_partner_abc",
        b"Basic ZGM6eA==",
        b"Bearer \xa0dc_partner_abc",
        b'Bearer "dc_partner_abc"',
        b"Bearer token=dc_partner_abc",
        b"Token dc_partner_abc",
        b"Bearer:dc_partner_abc",
    ],
)
def test_any_other_spelling_of_a_token_is_refused_in_words(spelling: bytes) -> None:
    found = credentials_of(_scope((b"authorization", spelling)))
    assert found.token is None
    assert found.refusal is not None
    assert "Authorization" in found.refusal


@given(st.binary(max_size=40))
def test_a_token_that_is_read_has_one_spelling(value: bytes) -> None:
    found = credentials_of(_scope((b"authorization", value)))
    if found.token is not None:
        assert value.lower() == b"bearer " + found.token.lower().encode()


def test_two_tokens_are_none() -> None:
    one = (b"authorization", f"Bearer {TOKEN}".encode())
    assert credentials_of(_scope(one, one)).token is None


@pytest.mark.parametrize("spaces", [2, 3, 8])
def test_a_token_behind_more_spaces_is_refused_on_every_route(shared_service: Service, spaces: int) -> None:
    spelled = f"Bearer{' ' * spaces}{shared_service.partner.token}"
    for path in ("/v1/apps", "/v1/catalog", "/v1/nothing"):
        answer = shared_service.nobody("GET", path, Authorization=spelled)
        assert (answer.status_code, answer.json()["code"]) == (401, "token.unreadable")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "one space" in answer.json()["detail"]


@pytest.mark.parametrize(
    "name", [b"idempotency-key", b"content-type", b"request-secret", b"content-encoding", b"authorization", b"origin"]
)
def test_a_header_of_one_value_is_not_sent_twice(name: bytes) -> None:
    repeated = repeated_header(_scope((name, b"a"), (b"x", b"y"), (name, b"a")))
    assert repeated is not None
    assert repeated.lower().encode() == name


def test_lines_of_one_list_are_one_list() -> None:
    headers = [(b"if-match", b'"1"'), (b"host", b"x"), (b"if-match", b'"2"'), (b"prefer", b"wait=1")]
    assert dict(with_lists_joined(headers))[b"if-match"] == b'"1", "2"'
    assert dict(with_lists_joined(headers))[b"prefer"] == b"wait=1"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"application/json", "application/json"),
        (b"Application/JSON; charset=utf-8", "application/json"),
        (b'application/merge-patch+json;charset="utf-8" ; x=1', "application/merge-patch+json"),
        (b"application/json;", "application/json"),
        (b"application/json\xa0", None),
        (b"application/json\x85; x=1", None),
        (b"\xa0application/json", None),
        (b"application/json, text/plain", None),
        (b"application", None),
        (b"application/json x", None),
        (b"", None),
    ],
)
def test_a_content_type_that_two_readers_might_take_differently_is_none(written: bytes, read: str | None) -> None:
    assert media_type_of(_scope((b"content-type", written))) == read


@given(st.binary(max_size=40))
def test_what_the_framework_reads_as_json_is_read_as_json_here(noise: bytes) -> None:
    """The framework parses Content-Type with `email.message`, which is more lenient."""
    for value in (b"application/json" + noise, noise + b"application/json", noise):
        parsed = Message()
        try:
            parsed["content-type"] = value.decode("latin-1")
        except ValueError:
            continue
        kind = media_type_of(_scope((b"content-type", value)))
        if kind is not None:
            assert parsed.get_content_type() == kind


def test_an_unreadable_content_type_is_refused(shared_service: Service) -> None:
    answer = shared_service.partner("POST", "/v1/apps", b'{"a":1,"a":2}', Content_Type="application/json\xa0")
    assert (answer.status_code, answer.json()["code"]) == (415, "body.unsupported")


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_counts_for_its_network(host: str | None, network: str) -> None:
    assert network_of(host) == network


def test_answers_are_not_stored_unless_the_route_says_so(shared_service: Service) -> None:
    partner, nobody = shared_service.partner, shared_service.nobody
    private = [
        partner("GET", "/v1/apps"),
        partner("GET", "/v1/apps/none"),
        nobody("GET", "/v1/apps"),
        nobody("GET", "/v1/nothing"),
        nobody("DELETE", "/v1/catalog"),
        nobody("GET", "/v1/catalog/none"),
        nobody("GET", "/v1/catalog", Authorization="Basic x"),
        nobody("GET", "/v1/access-requests/01a214e4-0807-70d4-81d1-d4e178774917", Request_Secret="x" * 43),
        partner("POST", "/v1/apps", b"{", Content_Type="application/json"),
        nobody("GET", "/healthz"),
    ]
    for answer in private:
        assert answer.headers["Cache-Control"] == "no-store", answer.url
        assert answer.headers["Vary"] == "Authorization, Request-Secret"
    listed = nobody("GET", "/v1/catalog")
    assert listed.headers["Cache-Control"].startswith("public, max-age=")
    assert "Vary" not in listed.headers


OPEN = ["/v1/catalog", "/v1/catalog/none", "/v1/guides", "/v1/guides/utm", "/openapi.json", f"/v1/assets/{'0' * 32}"]
CLOSED = ["/v1/apps", "/v1/access-requests", "/v1/previews/x", "/healthz", "/v1/assets", "/v1/catalog/a/b", "/docs"]
ORIGIN = "https://shop.example"


@pytest.mark.parametrize("path", OPEN)
def test_pages_of_other_origins_may_read_what_anybody_may_read(shared_service: Service, path: str) -> None:
    for answer in (shared_service.nobody("GET", path, Origin=ORIGIN), shared_service.nobody("GET", path)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    asked = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "authorization"}
    preflight = shared_service.nobody("OPTIONS", path, None, timeout_s=40, Origin=ORIGIN, **asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert "authorization" not in preflight.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_open_to_other_origins(shared_service: Service, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = shared_service.partner(method, path, Origin=ORIGIN, Access_Control_Request_Method="GET")
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_write_to_an_open_path_is_not_open(shared_service: Service) -> None:
    answer = shared_service.nobody("POST", "/v1/catalog", Origin=ORIGIN)
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers
