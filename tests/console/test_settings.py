"""One's own settings: what is chosen is used, and a token is shown once."""

import pytest
import requests
from sqlalchemy import text

from console.pages.settings import zones
from tests.api.access import company_in
from tests.api.running import Service
from tests.api.service import Caller
from tests.console.browsing import Page
from tests.console.signing_in import Browser, browser_of, signed_in_person


def partner_in(service: Service, company: str) -> Browser:
    """Returns the browser of the owner of a new company."""
    return signed_in_person(service, company_in(service, company)[1])


def test_times_are_shown_in_the_zone_that_was_chosen(shared_service: Service) -> None:
    browser = partner_in(shared_service, "zoned")
    assert "UTC" in browser.open("/sessions").words
    assert browser.post("/settings/time-zone", time_zone="Asia/Kathmandu").status_code == 303
    page = browser.open("/settings")
    assert page.tree.xpath("//option[@selected]/@value") == ["Asia/Kathmandu"]
    assert "+0545" in browser.open("/sessions").words
    refused = Page("/settings", browser.post("/settings/time-zone", time_zone="Mars/Base"))
    assert refused.tree.xpath("//select[@id='time_zone']/@aria-invalid") == ["true"]
    assert browser.post("/settings/time-zone", time_zone="").status_code == 303
    assert "+0545" not in browser.open("/sessions").words


def test_whoever_chose_a_zone_that_is_no_longer_known_reads_times_in_utc(shared_service: Service) -> None:
    _, owner, _ = company_in(shared_service, "unzoned")
    browser = signed_in_person(shared_service, owner)
    with shared_service.engine.begin() as connection:
        forget = text("UPDATE person SET time_zone = 'Mars/Base' WHERE id = :id")
        assert connection.execute(forget, {"id": owner}).rowcount == 1
    page = browser.open("/settings")
    assert "Times are shown in UTC, where it is " in page.words
    assert page.tree.xpath("//option[@selected]/@value") == []
    assert browser.post("/settings/time-zone", time_zone="Asia/Kathmandu").status_code == 303
    assert "+0545" in browser.open("/sessions").words


@pytest.mark.parametrize("role", ["partner", "reviewer", "admin"])
def test_everybody_chooses_a_zone_and_has_buttons_for_what_they_may_do(shared_service: Service, role: str) -> None:
    page = browser_of(shared_service, role).open("/settings")
    expected = {"/settings/time-zone", "/settings/news"} | ({"/settings/address"} if role != "reviewer" else set())
    assert {str(one) for one in page.tree.xpath("//main//form/@action")} == expected


def test_every_zone_that_is_offered_is_one_of_the_apis(shared_service: Service) -> None:
    offered = [name for names in zones().values() for name in names]
    assert "Europe/Berlin" in offered
    for name in (offered[0], offered[-1]):
        chosen = shared_service.partner("PUT", "/v1/me/time-zone", {"time_zone": name})
        assert chosen.status_code == 200
    shared_service.partner("PUT", "/v1/me/time-zone", {"time_zone": None})


def test_news_is_switched_off_and_on(shared_service: Service) -> None:
    browser = partner_in(shared_service, "newsless")
    for fields, checked in (({}, []), ({"news": "customer_onboarded"}, ["customer_onboarded"])):
        assert browser.post("/settings/news", None, **fields).status_code == 303
        page = browser.open("/settings")
        assert page.tree.xpath("//input[@name='news'][@checked]/@value") == checked


def test_a_new_address_is_asked_for_once_and_a_wrong_one_is_kept(shared_service: Service) -> None:
    browser = partner_in(shared_service, "moving")
    (form,) = browser.open("/settings").tree.xpath("//form[@action='/settings/address']")
    asked = Page("/settings", browser.post(form.action, **dict(form.form_values()) | {"email": "new@moving.example"}))
    assert (asked.heading, "new@moving.example" in asked.words) == ("Look at your mail", True)
    wrong = Page("/settings", browser.post(form.action, email="nobody", key="another-key-of-a-form"))
    assert wrong.tree.xpath("//input[@id='email']/@value") == ["nobody"]
    assert wrong.tree.xpath("//*[@id='email-error']")


def test_a_token_is_made_shown_once_and_revoked(shared_service: Service) -> None:
    browser = partner_in(shared_service, "building-at-night")
    page = browser.open("/settings/tokens")
    (form,) = page.tree.xpath("//form[@action='/settings/tokens']")
    fields = {**dict(form.form_values()), "label": "nightly build", "scope": "apps:read"}
    made = Page("/settings/tokens", browser.post(form.action, **fields))
    token = made.tree.xpath("string(//*[@id='token'])")
    caller = Caller(shared_service.url, token)
    assert caller("GET", "/v1/me").json()["scopes"] == ["apps:read"]
    assert caller("POST", "/v1/apps", {"slug": "nightly", "name": "Nightly"}).status_code == 403
    page = browser.open("/settings/tokens")
    assert "nightly build" in page.words
    assert token not in page.answer.text
    revokes = page.tree.xpath("//li[.//h2[text()='nightly build']]//form/@action")
    assert browser.post(revokes[0]).status_code == 303
    assert caller("GET", "/v1/me").status_code == 401
    assert "revoked" in browser.open("/settings/tokens").words


def test_a_token_without_a_name_or_a_use_is_not_made(shared_service: Service) -> None:
    browser = partner_in(shared_service, "tokenless")
    page = Page("/settings/tokens", _posted(browser, days="30"))
    assert sorted(page.tree.xpath("//p[@class='error']/@id")) == ["label-error", "scopes-error"]
    assert page.tree.xpath("//select[@id='days']/option[@selected]/@value") == ["30"]
    long = Page("/settings/tokens", _posted(browser, label="x", scope="apps:read", days="9999"))
    assert long.answer.status_code == 422
    assert long.tree.xpath("//*[@role='alert']")


def _posted(browser: Browser, **fields: str) -> requests.Response:
    return browser.post("/settings/tokens", None, key="a-key-for-a-token-form", **fields)


def test_a_token_that_works_can_be_revoked_however_many_have_ended_since(shared_service: Service) -> None:
    person = company_in(shared_service, "many-tokens")[1]
    browser = signed_in_person(shared_service, person)
    fields = {"label": "kept for long", "scope": "apps:read", "days": "90", "key": "key-of-the-form"}
    assert browser.post("/settings/tokens", None, **fields).status_code == 200
    with shared_service.engine.begin() as connection:
        connection.execute(_ENDED, {"person": person})
    page = browser.open("/settings/tokens")
    (revoke,) = page.tree.xpath("//li[h2='kept for long']//form/@action")
    assert browser.post(revoke).status_code == 303
    assert "kept for long" not in browser.open("/settings/tokens").tree.xpath("//main//li/h2/text()")


_ENDED = text("""
    INSERT INTO api_token (id, person_id, role, organization_id, label, token_hash, hint, expires_at, revoked_at)
    SELECT uuidv7(), p.id, p.role, p.organization_id, 'of a night', sha256(convert_to('ended ' || n, 'UTF8')), 'abcd',
           now() + interval '1 day', now()
      FROM person p CROSS JOIN generate_series(1, 220) AS n
     WHERE p.id = CAST(:person AS uuid)
""")


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_staff_make_and_revoke_their_own_tokens_and_see_no_others(shared_service: Service, role: str) -> None:
    others = shared_service.admin("POST", "/v1/tokens", {"service": f"beside-{role}", "label": f"not of a {role}"})
    assert others.status_code == 201, others.text
    browser = browser_of(shared_service, role)
    assert "/settings/tokens" in browser.open("/settings").tree.xpath("//main//a/@href")
    page = browser.open("/settings/tokens")
    assert f"not of a {role}" not in page.words
    assert "Decide reviews" in page.words
    (form,) = page.tree.xpath("//form[@action='/settings/tokens']")
    fields = {**dict(form.form_values()), "label": f"desk of a {role}", "scope": "apps:read"}
    made = Page("/settings/tokens", browser.post(form.action, **fields))
    caller = Caller(shared_service.url, made.tree.xpath("string(//*[@id='token'])"))
    me = caller("GET", "/v1/me").json()
    assert (me["role"], me["scopes"]) == (role, ["apps:read"])
    (revoke,) = browser.open("/settings/tokens").tree.xpath("//li[h2=$label]//form/@action", label=f"desk of a {role}")
    assert browser.post(revoke).status_code == 303
    assert caller("GET", "/v1/me").status_code == 401


@pytest.mark.parametrize("role", ["partner", "reviewer", "admin"])
def test_whoever_signed_in_long_ago_signs_in_again_before_a_token_is_made(shared_service: Service, role: str) -> None:
    browser = browser_of(shared_service, role)
    with shared_service.engine.begin() as connection:
        connection.execute(_LONG_AGO, {"person": getattr(shared_service.people, role).id})
    answer = _posted(browser, label="too late", scope="apps:read", days="30")
    asked = Page("/settings/tokens", answer)
    assert "sign in" in f"{asked.words} {answer.headers.get('Location', '')}".lower().replace("-", " ")
    assert "too late" not in browser.open("/settings/tokens").tree.xpath("//main//li/h2/text()")


_LONG_AGO = text("""
    UPDATE api_token SET authenticated_at = authenticated_at - interval '1 hour'
     WHERE kind = 'session' AND person_id = CAST(:person AS uuid)
""")
