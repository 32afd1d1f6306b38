"""Signing in by mail: the link works in the browser that asked, and its code is typed there."""

from datetime import datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import text
from sqlalchemy.orm import Session

from console import cookies
from models import Person
from models.base import new_id
from models.lifecycle import Role
from tests.api.running import Service
from tests.console.browsing import opened
from tests.console.signing_in import (
    ASKED,
    COOKIE,
    Browser,
    ask_for_mail,
    link_of,
    mailed_secrets,
    set_cookie,
    signed_in,
)
from workflow.access.signing_in import MAX_LINKS
from workflow.identity.actors import Actor
from workflow.identity.principals import RECENT
from workflow.identity.secrets import hash_of_typed, typed_code_of
from workflow.identity.sessions import MAILED_LINK_LIFE, MAX_TRIES


def admin_in(service: Service) -> tuple[Actor, str]:
    """Returns a new admin with their address."""
    email = f"ada-{new_id()}@platform.example"
    with Session(service.engine) as session, session.begin():
        person = Person(role="admin", name="Ada", email=email)
        session.add(person)
        session.flush()
        return Actor(person.id, Role.ADMIN), email


def age(service: Service, actor: Actor, by: timedelta) -> None:
    """Makes the actor's sign-ins and links older."""
    with service.engine.begin() as connection:
        for statement in (
            "UPDATE api_token SET authenticated_at = authenticated_at - CAST(:by AS interval) "
            "WHERE person_id = :id AND kind = 'session'",
            "UPDATE sign_in_link SET expires_at = expires_at - CAST(:by AS interval) WHERE person_id = :id",
        ):
            connection.execute(text(statement), {"id": actor.id, "by": by})


def test_the_link_of_the_mail_signs_in_the_browser_that_asked_and_leads_on(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    browser = ask_for_mail(shared_service, email.upper(), "/sessions")
    (secret,) = mailed_secrets(shared_service, actor)
    for _ in range(2):
        page = browser.open(f"/sign-in/{secret}")
    answer = browser.press(page)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sessions")
    browser.cookie = set_cookie(answer)
    assert browser.open("/sessions").heading == "Where you are signed in"


def test_the_link_of_the_mail_signs_in_no_other_browser(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    ask_for_mail(shared_service, email)
    (secret,) = mailed_secrets(shared_service, actor)
    for browser in (Browser(shared_service.url), ask_for_mail(shared_service, "nobody@platform.example")):
        page = browser.open(f"/sign-in/{secret}")
        assert "works in the browser in which it was asked for" in page.words
        assert not page.tree.xpath("//main//form")
        refused = browser.post(f"/sign-in/{secret}")
        assert (refused.status_code, "Set-Cookie" in refused.headers) == (409, False)


def test_the_code_of_the_mail_signs_in_the_browser_that_asked_alone(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    browser = ask_for_mail(shared_service, email, "/sessions")
    (secret,) = mailed_secrets(shared_service, actor)
    code = typed_code_of(secret)
    other = ask_for_mail(shared_service, "nobody@platform.example")
    assert other.press(other.open("/sign-in/code"), code=code).status_code == 422
    assert Browser(shared_service.url).post("/sign-in/code", code=code).headers["Location"] == "/sign-in"
    answer = browser.press(browser.open("/sign-in/code"), code=f" {code.lower().replace('-', ' ')} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sessions")
    assert set_cookie(answer).startswith("dc_session_")
    assert browser.press(browser.open("/sign-in/code"), code=code).status_code == 422, "a code works once"
    assert browser.post(f"/sign-in/{secret}").status_code == 409, "the link is used up with its code"


def test_after_a_few_wrong_codes_none_works(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    browser = ask_for_mail(shared_service, email)
    (secret,) = mailed_secrets(shared_service, actor)
    for _ in range(MAX_TRIES):
        wrong = browser.press(browser.open("/sign-in/code"), code="AAAAA-AAAAA")
        assert wrong.status_code == 422
        assert "The code is wrong, or it has ended." in wrong.text
    assert browser.press(browser.open("/sign-in/code"), code=typed_code_of(secret)).status_code == 422
    assert "has expired" in browser.open(f"/sign-in/{secret}").words


def test_links_and_codes_end_after_a_quarter_of_an_hour(shared_service: Service) -> None:
    assert timedelta(minutes=15) == MAILED_LINK_LIFE == timedelta(seconds=cookies.ASKED.seconds or 0)
    actor, email = admin_in(shared_service)
    browser = ask_for_mail(shared_service, email)
    (secret,) = mailed_secrets(shared_service, actor)
    age(shared_service, actor, MAILED_LINK_LIFE)
    assert "has expired" in browser.open(f"/sign-in/{secret}").words
    assert browser.post(f"/sign-in/{secret}").status_code == 409
    assert browser.press(browser.open("/sign-in/code"), code=typed_code_of(secret)).status_code == 422


def test_an_unknown_address_is_answered_as_a_known_one(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    known, unknown = (
        shared_service.nobody("POST", "/v1/sign-ins", {"email": one}) for one in (email, f"nobody-{email}")
    )
    assert (known.status_code, known.json().keys()) == (unknown.status_code, unknown.json().keys())
    assert known.json()["note"] == unknown.json()["note"]
    assert len(known.json()["browser"]) == len(unknown.json()["browser"])
    ends = [datetime.fromisoformat(one.json()["expires_at"]) for one in (known, unknown)]
    assert abs(ends[1] - ends[0]) < timedelta(minutes=1)
    for asked in (known, unknown):
        wrong = {"browser": asked.json()["browser"], "code": "AAAAA-AAAAA"}
        answer = shared_service.nobody("POST", "/v1/sign-in-codes", wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "sign_in.wrong_code")
    for _ in range(MAX_LINKS + 2):
        assert shared_service.nobody("POST", "/v1/sign-ins", {"email": email}).status_code == 202
    assert len(mailed_secrets(shared_service, actor)) == MAX_LINKS


def test_somebody_who_was_removed_gets_no_link(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    browser = ask_for_mail(shared_service, email)
    (secret,) = mailed_secrets(shared_service, actor)
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE person SET removed_at = now() WHERE id = :id"), {"id": actor.id})
    assert browser.post(f"/sign-in/{secret}").status_code == 404
    ask_for_mail(shared_service, email)
    assert len(mailed_secrets(shared_service, actor)) == 1


def test_a_wrong_address_is_shown_again_with_what_is_wrong(shared_service: Service) -> None:
    page = opened(f"{shared_service.url}/sign-in").press(email="no address")
    assert page.answer.status_code == 422
    (link,) = page.tree.xpath("//*[@role='alert']//a/@href")
    (field,) = page.tree.xpath("//input[@id=$id]", id=link.removeprefix("#"))
    assert (field.get("aria-invalid"), field.get("value")) == ("true", "no address")
    assert field.get("aria-describedby") == "email-error"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_mailed_link_leads_to_no_other_site(shared_service: Service, path: str) -> None:
    _, email = admin_in(shared_service)
    refused = shared_service.nobody("POST", "/v1/sign-ins", {"email": email, "next_path": path})
    assert (refused.status_code, refused.json()["code"]) == (422, "path.foreign")


def test_the_cookie_of_asking_is_closed_to_scripts_and_other_hosts(shared_service: Service) -> None:
    answer = Browser(shared_service.url).post("/sign-in", email="nobody@platform.example")
    parts = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax", f"max-age={cookies.ASKED.seconds}"} <= parts
    assert answer.headers["Set-Cookie"].startswith(f"{ASKED}=")


@given(st.text(max_size=60))
def test_any_text_may_be_typed_as_a_code(typed: str) -> None:
    code = typed_code_of("a secret")
    is_code = hash_of_typed(typed) == hash_of_typed(code)
    assert not is_code or sorted(filter(str.isalnum, typed.upper())) == sorted(code.replace("-", ""))


def test_a_code_may_be_typed_without_its_dash_in_any_case_and_with_digits_for_letters() -> None:
    for text_of, typed in (("AB1OI-XXXXX", "a8i01xxxxx"), ("QQQQQ-BBBBB", "qqqqq 88888")):
        assert hash_of_typed(text_of) == hash_of_typed(typed)


def test_what_is_grave_asks_to_sign_in_again_and_a_bearer_token_does_not(shared_service: Service) -> None:
    actor, _ = admin_in(shared_service)
    browser = signed_in(shared_service, actor)
    age(shared_service, actor, RECENT)
    me = shared_service.admin("GET", "/v1/me").json()
    assert me["authenticated_at"] is None
    assert shared_service.admin("DELETE", f"/v1/staff/{new_id()}").status_code == 404
    assert "You are signed in" in browser.open("/signed-in").words
    again = browser.open("/sign-in?next=/sessions&again=1")
    assert again.heading == "Sign in again"


def test_what_was_sent_with_a_form_after_the_session_ended_is_kept(shared_service: Service) -> None:
    other = Browser(shared_service.url)
    answer = other.post(f"/sessions/{new_id()}/end?x=1", words="A long <b>letter</b>\nof two lines", key="k" * 12)
    assert answer.status_code == 401
    page = html.document_fromstring(answer.content)
    assert page.xpath("string(//main//form/@action)").endswith("/end?x=1")
    kept = {one.get("name"): one.get("value") for one in page.xpath("//main//form/input")}
    assert kept == {"words": "A long <b>letter</b>\nof two lines", "key": "k" * 12}
    assert "A long <b>letter</b>" in page.xpath("string(//main//dl)")
    assert not page.xpath("//main//b")
    sent_on = other.open("/sessions?a=b", follow=False).answer
    assert (sent_on.status_code, sent_on.headers["Location"]) == (303, "/sign-in?next=%2Fsessions%3Fa%3Db")


def test_ones_sessions_are_listed_and_ended_on_their_page(shared_service: Service) -> None:
    actor, _ = admin_in(shared_service)
    first, second = signed_in(shared_service, actor), signed_in(shared_service, actor)
    page = second.open("/sessions")
    assert page.words.count("This browser") == page.words.count("Another browser") == 1
    assert second.press(page).status_code == 303
    assert "You are not signed in" in first.open("/signed-in").words
    assert "You are signed in" in second.open("/signed-in").words
    assert page.tree.xpath("//time/@datetime")


def test_signing_in_with_a_form_of_another_site_mails_nothing(shared_service: Service) -> None:
    actor, email = admin_in(shared_service)
    refused = Browser(shared_service.url).post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"}, email=email)
    assert refused.status_code == 403
    assert mailed_secrets(shared_service, actor) == []


def test_a_link_of_the_command_line_works_in_any_browser(shared_service: Service) -> None:
    actor, _ = admin_in(shared_service)
    browser = Browser(shared_service.url, asked="another-secret")
    assert set_cookie(browser.press(browser.open(link_of(shared_service, actor))), COOKIE)


def test_without_a_provider_the_way_by_one_is_not_there(shared_service: Service) -> None:
    assert not Browser(shared_service.url).open("/sign-in").tree.xpath("//main//a")
    assert requests.get(f"{shared_service.url}/sign-in/staff", timeout=20).status_code == 404
