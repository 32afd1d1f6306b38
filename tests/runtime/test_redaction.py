"""What must never be logged: tokens, codes, passwords, mail addresses, and the users and queries of URLs."""

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lifecycle import Role
from runtime.redaction import redact
from tests.costs import assert_linear
from workflow.identity.secrets import INVITATION, PREVIEW_LINK, TOKEN, WRITE_KEY, make_secret

_LOCAL = st.text(string.ascii_letters + string.digits + "!#$%&*+-^_`|~.", min_size=6, max_size=30).map(
    lambda text: f"zq{text.strip('.')}qz"
)
_SECRET = st.text(string.ascii_letters + string.digits + "!$%*+-_~", min_size=8, max_size=40).map(
    lambda text: f"zq{text}qz"
)
_AROUND = st.sampled_from(
    [
        "{}",
        "it failed: {}",
        "({})",
        "<{}>",
        "'{}'",
        '{{"said": "{}"}}',
        "[{}]",
        "a\n{}\nb",
        "to={}",
        "SMTPRecipientsRefused({{'{}': (550, b'no')}})",
        "DETAIL:  Key (email)=({}) already exists.",
    ]
)


@given(_AROUND, _LOCAL, st.sampled_from(["acme.example", "xn--bcher-kva.example", "bücher.example", "127.0.0.1"]))
def test_no_local_part_of_an_address_is_kept(around: str, local: str, domain: str) -> None:
    assert local not in redact(around.format(f"{local}@{domain}"))


@given(_AROUND, _SECRET, st.sampled_from(["postgresql+psycopg", "redis", "https", "smtp"]))
def test_no_password_of_a_url_is_kept(around: str, password: str, scheme: str) -> None:
    for written in (password, quote(password, safe="")):
        assert written not in redact(
            around.format(f"{scheme}://someone:{written}@db.example:5432/name?sslmode=require")
        )


@given(_AROUND, _SECRET, st.sampled_from(["https://acme.example/docs", "/v1/catalog", "GET /v1/proofs"]))
def test_no_value_of_a_query_is_kept(around: str, value: str, path: str) -> None:
    assert value not in redact(around.format(f"{path}?page=2&q={value}"))


@pytest.mark.parametrize("kind", [*(TOKEN[role] for role in Role), INVITATION, PREVIEW_LINK, WRITE_KEY])
@given(around=_AROUND)
def test_no_secret_of_ours_is_kept(kind: object, around: str) -> None:
    secret = make_secret(kind).text  # type: ignore[arg-type]
    assert secret[-20:] not in redact(around.format(secret))


@given(
    _SECRET,
    st.sampled_from(
        [
            "password={}",
            "PASSWORD: {}",
            '"password": "{}"',
            "'smtp_password': '{}'",
            "token = {}",
            '{{\\"secret\\": \\"{}\\"}}',
            "Authorization: Bearer {}",
            "Authorization: Basic {}",
            "api_key={}",
            "DEVCENTER_SECRET_KEYS={}",
        ]
    ),
)
def test_no_value_that_is_named_as_a_secret_is_kept(secret: str, named: str) -> None:
    assert secret[:12] not in redact(f"it failed with {named.format(secret)} at once")


@pytest.mark.parametrize(
    "text",
    [
        "the database works again for judging, after 3 failures in 1.2 s",
        "review_step 01a2b3c4-0000-7000-8000-000000000002 failed: TryLater('page.status: 503')",
        "Is it there? Nobody knows.",
        "8c1f1046219ddd216a023f792356ddf127fce372a72ec9b4cdac989ee5b0b455",
        'File "/srv/devcenter/workers/main.py", line 10, in setup_broker',
        "corrected 3 catalog entries that did not match their Apps' states",
    ],
)
def test_what_is_no_secret_is_kept(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "part", ["a", "a@", "://", "://a?", "?a", "password", "token=", "bearer ", '"', "-", "x://@", "dc_a_"]
)
def test_striking_out_costs_in_proportion_to_the_text(part: str) -> None:
    assert_linear(lambda size: part * (size // len(part)), redact, size=5_000)
