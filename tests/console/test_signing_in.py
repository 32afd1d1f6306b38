"""Signing in to the pages and out of them, who they are for, and what a session cannot do."""

from datetime import timedelta

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.orm import Session

from console.own_address import why_no_cookie
from console.visiting import own_path
from models import Person
from models.base import new_id
from models.lifecycle import Role
from tests.api.running import Service
from tests.api.service import Caller
from tests.console.browsing import opened
from tests.console.signing_in import COOKIE, Browser, link_of, set_cookie, signed_in
from tests.waiting import wait_until
from workflow.identity.actors import Actor
from workflow.identity.sessions import SESSION_LIFE, is_own_path
from workflow.identity.tokens import IDLE_LIFE

FOREIGN = (
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "/\t/evil.example",
    "/a\r\nSet-Cookie: x=y",
    "\\\\evil.example",
    "/%0d%0aX: y\n",
    "/" + "x" * 2000,
    "",
)


def reviewer_in(service: Service) -> Actor:
    """Returns a new reviewer."""
    with Session(service.engine) as session, session.begin():
        name = f"rey-{new_id()}"
        person = Person(role="reviewer", name=name, email=f"{name}@platform.example")
        session.add(person)
        session.flush()
        return Actor(person.id, Role.REVIEWER)


def change(service: Service, actor: Actor, what: str) -> None:
    """Changes the actor's sessions, or the actor, by a statement."""
    with service.engine.begin() as connection:
        connection.execute(text(what), {"id": actor.id})


def test_a_link_signs_in_once_by_its_button_and_never_by_being_opened(shared_service: Service) -> None:
    url = link_of(shared_service, shared_service.people.reviewer)
    for _ in range(3):
        page = opened(url)
        assert "Set-Cookie" not in page.answer.headers
        assert requests.head(url, timeout=20).status_code == 200
    browser = Browser(shared_service.url)
    answer = browser.press(page)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=dc_session_")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "path=/",
        "secure",
        "httponly",
        "samesite=lax",
    }
    assert set_cookie(browser.press(page)) == set_cookie(answer), "a second click of the button is the first"
    again = opened(url)
    assert not again.tree.xpath("//main//form")
    assert browser.post(url).status_code == 409
    browser.cookie = set_cookie(answer)
    home = browser.open("/")
    assert "(reviewer)" in home.tree.xpath("string(//header)")
    assert "no-store" in home.answer.headers["Cache-Control"]


def test_a_session_opens_pages_and_is_no_token_of_the_api(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    refused = Caller(shared_service.url, browser.cookie)("GET", "/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "token.other_kind")
    by_cookie = requests.get(
        f"{shared_service.url}/v1/me", headers={"Cookie": f"{COOKIE}={browser.cookie}"}, timeout=20
    )
    assert (by_cookie.status_code, by_cookie.json()["code"]) == (401, "token.missing")
    large = {"document": "x" * 10_000, "base_version": 1, "note": "x"}
    assert Caller(shared_service.url, browser.cookie)("POST", "/v1/policies", large).status_code == 401


def test_a_token_opens_no_page(shared_service: Service) -> None:
    token = shared_service.admin.token
    assert token is not None
    assert "Sign in" in Browser(shared_service.url, token).open("/").words


def test_a_new_session_is_made_at_every_sign_in_and_ends_the_one_before(shared_service: Service) -> None:
    actor = reviewer_in(shared_service)
    planted = signed_in(shared_service, reviewer_in(shared_service))
    browser = Browser(shared_service.url, planted.cookie)
    answer = browser.press(opened(link_of(shared_service, actor)))
    assert set_cookie(answer) != planted.cookie
    assert "Sign in" in planted.open("/").words
    fixed = Browser(shared_service.url, "dc_session_chosen-by-somebody-else")
    assert set_cookie(fixed.press(opened(link_of(shared_service, actor)))) != fixed.cookie
    assert "Sign in" in fixed.open("/").words


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE api_token SET revoked_at = now() WHERE person_id = :id",
        "UPDATE api_token SET expires_at = now() WHERE person_id = :id",
        "UPDATE api_token SET idle_ends_at = now() WHERE person_id = :id",
        "UPDATE person SET removed_at = now() WHERE id = :id",
        "UPDATE person SET role = 'admin' WHERE id = :id",
    ],
)
def test_whoever_is_out_is_out_at_the_next_click(shared_service: Service, end: str) -> None:
    actor = reviewer_in(shared_service)
    browser = signed_in(shared_service, actor)
    assert "You are signed in" in browser.open("/signed-in").words
    change(shared_service, actor, end)
    assert browser.open("/signed-in").heading == "You are not signed in"


def test_a_session_that_is_used_lasts_until_its_end_and_no_longer(shared_service: Service) -> None:
    actor = reviewer_in(shared_service)
    signed_in(shared_service, actor)
    with shared_service.engine.connect() as connection:
        row = connection.execute(
            text("SELECT expires_at - created_at, idle_ends_at - created_at FROM api_token WHERE person_id = :id"),
            {"id": actor.id},
        ).one()
    assert tuple(row) == (SESSION_LIFE, IDLE_LIFE) == (timedelta(hours=12), timedelta(hours=2))


def test_a_page_that_refreshes_itself_keeps_no_session_from_ending(shared_service: Service) -> None:
    left, used = reviewer_in(shared_service), reviewer_in(shared_service)
    unused = "UPDATE api_token SET last_used_at = now() - interval '1 hour', idle_ends_at = now() + interval '1 minute'"
    browsers = [signed_in(shared_service, actor) for actor in (left, used)]
    for actor in (left, used):
        change(shared_service, actor, f"{unused} WHERE person_id = :id")

    def lasts(actor: Actor) -> bool:
        statement = "SELECT idle_ends_at > now() + interval '1 hour' FROM api_token WHERE person_id = :id"
        with shared_service.engine.connect() as connection:
            return bool(connection.scalar(text(statement), {"id": actor.id}))

    for browser, headers in zip(browsers, ({"HX-Request": "true"}, {}), strict=True):
        shown = requests.get(
            f"{shared_service.url}/reviews",
            headers={"Cookie": f"{COOKIE}={browser.cookie}", **headers},
            timeout=20,
        )
        assert shown.status_code == 200
    wait_until(lambda: lasts(used), what="the use to be noted")
    assert not lasts(left)
    browsers[0].post("/reviews/next")  # what acts is a use, whoever sends it
    wait_until(lambda: lasts(left), what="the use to be noted")


def test_signing_out_ends_the_session_and_takes_the_cookie(shared_service: Service) -> None:
    browser = signed_in(shared_service, reviewer_in(shared_service))
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"], set_cookie(answer)) == (303, "/sign-in", "")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "Sign in" in browser.open("/").words


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_of_another_origin_signs_nobody_in_or_out(shared_service: Service, headers: dict[str, str]) -> None:
    url = link_of(shared_service, reviewer_in(shared_service))
    assert Browser(shared_service.url).post(url, headers=headers).status_code == 403
    assert opened(url).tree.xpath("//main//form"), "the link was used up"
    browser = signed_in(shared_service, reviewer_in(shared_service))
    assert browser.post("/sign-out", headers=headers).status_code == 403
    assert "You are signed in" in browser.open("/signed-in").words


@pytest.mark.parametrize("path", FOREIGN)
def test_signing_in_leads_to_no_other_site(shared_service: Service, path: str) -> None:
    assert own_path(path) == "/"
    assert not is_own_path(path)
    page = opened(link_of(shared_service, shared_service.people.reviewer))
    answer = Browser(shared_service.url).press(page, next=path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_signing_in_leads_back_to_the_page_that_was_wanted(shared_service: Service) -> None:
    page = opened(link_of(shared_service, shared_service.people.reviewer) + "?next=/signed-in%3Fa=1")
    assert Browser(shared_service.url).press(page).headers["Location"] == "/signed-in?a=1"


def test_who_one_is_is_said_by_the_api(shared_service: Service) -> None:
    me = shared_service.partner("GET", "/v1/me").json()
    assert (me["role"], me["organization"], me["authenticated_at"]) == ("partner", "Acme", None)
    assert "apps:write" in me["scopes"]
    assert "admin" not in me["scopes"]


def test_sessions_are_listed_and_ended_by_their_own_person_only(shared_service: Service) -> None:
    signed_in(shared_service, shared_service.people.partner)
    (one, *_) = shared_service.partner("GET", "/v1/sessions").json()["items"]
    assert shared_service.admin("DELETE", f"/v1/sessions/{one['id']}").status_code == 404
    assert shared_service.partner("DELETE", f"/v1/tokens/{one['id']}").status_code == 404
    assert shared_service.partner("DELETE", f"/v1/sessions/{one['id']}").status_code == 204
    assert one["id"] not in [left["id"] for left in shared_service.partner("GET", "/v1/sessions").json()["items"]]


@pytest.mark.parametrize(
    ("url", "works"),
    [
        ("https://dev.example", True),
        ("http://127.0.0.1:8787", True),
        ("http://[::1]:8787", True),
        ("http://localhost:8787", True),
        ("http://dev.example", False),
        ("http://10.0.0.1", False),
        ("http://localhost.evil.example", False),
    ],
)
def test_nobody_is_signed_in_where_browsers_would_not_keep_the_cookie(url: str, works: bool) -> None:
    assert (why_no_cookie(url) is None) is works


@pytest.mark.parametrize(
    "cookie", [f"{COOKIE}=a; {COOKIE}=b", f"{COOKIE}=", f"{COOKIE}=" + "x" * 500, f"{COOKIE}=\xff", "=;;=", f"{COOKIE}"]
)
def test_a_cookie_that_cannot_be_read_is_nobodys(shared_service: Service, cookie: str) -> None:
    headers = {"Cookie": cookie.encode("latin-1")}
    answer = requests.get(f"{shared_service.url}/signed-in", headers=headers, timeout=20)
    assert answer.status_code == 200
    assert "You are not signed in" in answer.text


@pytest.mark.parametrize(("zone", "named", "other"), [("Asia/Kolkata", " IST", " UTC"), (None, " UTC", " IST")])
def test_times_are_those_of_the_readers_zone(shared_service: Service, zone: str | None, named: str, other: str) -> None:
    assert shared_service.partner("PUT", "/v1/me/time-zone", {"time_zone": zone}).status_code == 200
    said = signed_in(shared_service, shared_service.people.partner).open("/sessions").words
    assert named in said
    assert other not in said
