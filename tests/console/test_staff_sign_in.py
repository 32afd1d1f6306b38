"""The platform's people sign in by their own provider, which is believed only as far as it can be."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc.jwk import ECKey
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Person
from models.base import new_id
from models.lifecycle import Role
from tests.api.running import Service, service_on
from tests.console.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider_running
from tests.console.signing_in import Browser, ask_for_mail, mailed_secrets, set_cookie
from tests.databases import TestDatabase
from workflow.identity.actors import Actor

SEALED = "__Host-dc-provider"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provider_running() as running:
        yield running


@pytest.fixture(scope="module")
def staffed(
    module_database: TestDatabase,
    module_valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    provider: Provider,
) -> Iterator[Service]:
    """A service whose people sign in by the provider."""
    settings = {
        "DEVCENTER_OIDC_ISSUER": provider.url,
        "DEVCENTER_OIDC_CLIENT_ID": CLIENT_ID,
        "DEVCENTER_OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    with service_on(module_database, module_valkey_url, tmp_path_factory.mktemp("staffed"), **settings) as service:
        yield service


def reviewer_in(service: Service) -> tuple[Actor, str]:
    """Returns a new reviewer with their address."""
    email = f"rey-{new_id()}@platform.example"
    with Session(service.engine) as session, session.begin():
        person = Person(role="reviewer", name="Rey", email=email)
        session.add(person)
        session.flush()
        return Actor(person.id, Role.REVIEWER), email


def send(service: Service, path: str = "/") -> tuple[requests.Response, str]:
    """Begins to sign in. Returns the answer that leads to the provider, and the cookie that comes with it."""
    url = f"{service.url}/sign-in/staff?{urlencode({'next': path})}"
    answer = requests.get(url, timeout=20, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer, set_cookie(answer, SEALED)


def receive(service: Service, url: str, sealed: str, session: str = "") -> requests.Response:
    """Returns the answer to a browser that the provider has sent back."""
    cookies = f"{SEALED}={sealed}" + (f"; __Host-dc={session}" if session else "")
    back = f"{service.url}/sign-in/callback?{urlsplit(url).query}"
    return requests.get(back, headers={"Cookie": cookies}, timeout=20, allow_redirects=False)


def come_back(
    service: Service, provider: Provider, who: dict[str, Any], path: str = "/", **lies: Any
) -> requests.Response:
    """Signs somebody in at the provider, and returns the answer to the browser that comes back."""
    provider.who, provider.lies = who, lies
    sent, sealed = send(service, path)
    at_provider = requests.get(sent.headers["Location"], timeout=20, allow_redirects=False)
    return receive(service, at_provider.headers["Location"], sealed)


def is_signed_in(service: Service, answer: requests.Response) -> bool:
    """Returns whether the answer begins a session."""
    cookies = answer.headers.get("Set-Cookie", "")
    if answer.status_code != 303 or "dc_session_" not in cookies:
        assert "dc_session_" not in cookies
        return False
    secret = cookies.partition("__Host-dc=")[2].partition(";")[0]
    return "You are signed in" in Browser(service.url, secret).open("/signed-in").words


def test_a_reviewer_is_found_by_the_verified_address_first_and_then_by_the_subject(
    staffed: Service, provider: Provider
) -> None:
    actor, email = reviewer_in(staffed)
    first = come_back(
        staffed, provider, {"sub": f"s-{email}", "email": email.upper(), "email_verified": True}, "/sessions"
    )
    assert is_signed_in(staffed, first)
    assert first.headers["Location"] == "/sessions"
    assert provider.asked[-1]["redirect_uri"].endswith("/sign-in/callback")
    moved = come_back(staffed, provider, {"sub": f"s-{email}", "email": "other@platform.example"})
    assert is_signed_in(staffed, moved)
    stranger = come_back(staffed, provider, {"sub": "another", "email": email, "email_verified": True})
    assert not is_signed_in(staffed, stranger), "the address is linked to another subject"
    with staffed.engine.begin() as connection:
        connection.execute(text("UPDATE person SET removed_at = now() WHERE id = :id"), {"id": actor.id})
    assert not is_signed_in(staffed, come_back(staffed, provider, {"sub": f"s-{email}"}))


def test_people_who_are_not_of_the_platform_are_refused(staffed: Service, provider: Provider) -> None:
    partner = {"sub": "pat", "email": "pat@acme.example", "email_verified": True}
    unknown = {"sub": "mallory", "email": "mallory@platform.example", "email_verified": True}
    for who in (partner, unknown):
        refused = come_back(staffed, provider, who)
        assert (refused.status_code, is_signed_in(staffed, refused)) == (403, False)
        assert "You are not one of the people of this platform." in refused.text


@pytest.mark.parametrize(
    "lie",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"auth_time": 1_000_000},
        {"auth_time": None},
    ],
)
def test_what_the_provider_says_is_believed_only_if_it_is_whole(
    staffed: Service, provider: Provider, lie: dict[str, Any]
) -> None:
    _, email = reviewer_in(staffed)
    who = {"sub": f"s-{email}", "email": email, "email_verified": True}
    refused = come_back(staffed, provider, who, **lie)
    assert (refused.status_code, is_signed_in(staffed, refused)) == (403, False), refused.text
    assert is_signed_in(staffed, come_back(staffed, provider, who))


def test_a_token_that_another_key_has_signed_is_not_believed(staffed: Service, provider: Provider) -> None:
    _, email = reviewer_in(staffed)
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    try:
        refused = come_back(staffed, provider, {"sub": f"s-{email}", "email": email, "email_verified": True})
    finally:
        provider.signs_with = None
    assert (refused.status_code, is_signed_in(staffed, refused)) == (403, False)


def test_a_code_works_in_the_browser_that_began_alone_and_once(staffed: Service, provider: Provider) -> None:
    _, email = reviewer_in(staffed)
    provider.who, provider.lies = {"sub": f"s-{email}", "email": email, "email_verified": True}, {}
    sent, sealed = send(staffed)
    back = requests.get(sent.headers["Location"], timeout=20, allow_redirects=False).headers["Location"]
    _, other = send(staffed)
    for cookie in (other, "", "made-up", sealed[:-3] + "AAA"):
        refused = receive(staffed, back, cookie)
        assert (refused.status_code, is_signed_in(staffed, refused)) == (409, False)
    assert is_signed_in(staffed, receive(staffed, back, sealed))
    again = receive(staffed, back, sealed)
    assert (again.status_code, is_signed_in(staffed, again)) == (403, False)
    given_up = receive(staffed, f"{staffed.url}/x?error=access_denied&state=x", sealed)
    assert (given_up.status_code, is_signed_in(staffed, given_up)) == (409, False)


def test_the_browser_is_sent_to_the_provider_with_pkce_nonce_and_state_and_back_to_own_pages_only(
    staffed: Service, provider: Provider
) -> None:
    sent, _ = send(staffed, "//evil.example")
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
    assert sent.headers["Location"].startswith(f"{provider.url}/authorize?")
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert (query["code_challenge_method"], query["max_age"]) == ("S256", "900")
    parts = {part.strip().lower() for part in sent.headers["Set-Cookie"].split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= parts
    _, email = reviewer_in(staffed)
    who = {"sub": f"s-{email}", "email": email, "email_verified": True}
    assert come_back(staffed, provider, who, "//evil.example").headers["Location"] == "/"


def test_with_a_provider_nothing_is_mailed_to_the_platforms_people(staffed: Service) -> None:
    actor, email = reviewer_in(staffed)
    ask_for_mail(staffed, email)
    assert mailed_secrets(staffed, actor) == []
    form = Browser(staffed.url).open("/sign-in?next=/sessions")
    assert form.tree.xpath("//main//a/@href") == ["/sign-in/staff?next=%2Fsessions"]
