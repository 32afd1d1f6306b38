"""An admin's pages of the policy: reading it, changing it, its preview, and what somebody else publishes meanwhile."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import text

from console.policy.changes import changes_between, merged
from console.policy.parts import GROUPS, document_of, grouped, parts_of, steps_not_named
from tests.api.running import Service
from tests.api.test_policies import previewed
from tests.console.browsing import Page
from tests.console.signing_in import Browser, signed_in
from workflow.operating.publishing import schema_of_policy

PARTS = parts_of(schema_of_policy())
Fields = dict[str, str | list[str]]


def current(service: Service) -> dict[str, Any]:
    """Returns the current version."""
    answer: dict[str, Any] = service.admin("GET", "/v1/policies/current").json()
    return answer


def fields_of(form: html.FormElement) -> Fields:
    """Returns what a form would send. Browsers leave out the newline that begins a text area."""
    found: dict[str, list[str]] = {}
    for name, value in form.form_values():
        found.setdefault(str(name), []).append(str(value).removeprefix("\n"))
    return dict(found)


def form_at(tree: html.HtmlElement, action: str) -> Fields:
    """Returns what the page's form with this action would send."""
    (form,) = tree.xpath("//main//form[@action=$action]", action=action)
    return fields_of(form)


def previewed_page(browser: Browser, **changed: str | list[str]) -> Page:
    """Returns the page that the form leads to after some of its fields were changed."""
    sent = form_at(browser.open("/policy/change").tree, "/policy/change") | changed
    return Page(f"{browser.url}/policy/change", browser.post("/policy/change", None, **sent))


def publish(service: Service, note: str, **changed: object) -> dict[str, Any]:
    """Publishes another version by the API, and returns it."""
    now = current(service)
    document = now["document"] | changed
    body = {"base_version": now["version"], "document": document, "note": note}
    made = service.admin("POST", "/v1/policies", body | {"previewed": previewed(service.admin, document)})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


def test_the_policy_is_read_in_words_with_the_steps_that_it_does_not_name(shared_service: Service) -> None:
    now = current(shared_service)
    page = signed_in(shared_service, shared_service.people.admin).open("/policy")
    assert f"Version {now['version']}" in page.words
    assert "Customers before an App is public" in page.words
    for title in steps_not_named(PARTS, now["document"]).values():
        assert title in page.words
    named = [part.title for _, parts in grouped(PARTS) for part in parts]
    assert sorted(named) == sorted(part.title for part in PARTS)
    assert all(title in page.words for title in named)


def test_every_part_has_its_heading() -> None:
    assert sorted(name for _, names in GROUPS for name in names) == sorted(part.name for part in PARTS)


def test_a_form_that_nobody_has_changed_changes_nothing_and_cannot_be_published(shared_service: Service) -> None:
    page = previewed_page(signed_in(shared_service, shared_service.people.admin))
    assert page.answer.status_code == 200
    assert "Nothing: this is the policy as it is" in page.words
    assert not page.tree.xpath("//button[starts-with(text(), 'Publish')]")


def test_a_change_is_previewed_and_then_published_once(shared_service: Service) -> None:
    browser, before = signed_in(shared_service, shared_service.people.admin), current(shared_service)
    page = previewed_page(browser, customers_to_promote="4", two_people_to_remove="yes", closed_days="12-24\n\n12-31")
    assert "3 customers" in page.words
    assert "Two admins remove" in page.words
    assert current(shared_service) == before
    sent = form_at(page.tree, "/policy/publish")
    without = browser.post("/policy/publish", None, **sent)
    assert without.status_code == 422
    assert Page("", without).tree.xpath("//*[@id='note-error']")
    sent["note"] = "Four <b>customers</b>."
    published = browser.post("/policy/publish", None, **sent)
    assert published.status_code == 303, published.text
    assert browser.post("/policy/publish", None, **sent).headers["Location"] == published.headers["Location"]
    now = current(shared_service)
    assert now["version"] == before["version"] + 1
    assert (now["document"]["customers_to_promote"], now["document"]["closed_days"]) == (4, ["12-24", "12-31"])
    assert now["document"]["two_people_to_remove"] is True
    assert f"Version {now['version']} is published" in browser.open(published.headers["Location"]).words
    versions = browser.open("/policy/versions")
    assert "Four <b>customers</b>." in versions.words
    assert "12-24" in versions.words


def test_what_is_wrong_stands_beside_its_part_with_what_was_typed(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    page = previewed_page(browser, customers_to_promote="many", country="Atlantis", closed_days="02-30")
    assert page.answer.status_code == 422
    for name in ("customers_to_promote", "country", "closed_days"):
        assert page.tree.xpath("//*[@id=$id]", id=f"{name}-error")
        assert page.tree.xpath("//*[@role='alert']//a[@href=$href]", href=f"#{name}")
    sent = form_at(page.tree, "/policy/change")
    assert (sent["customers_to_promote"], sent["country"], sent["closed_days"]) == (["many"], ["Atlantis"], ["02-30"])


@pytest.mark.parametrize("version", ["0", "-1", "first", "999999999", "9" * 5_000])
def test_what_is_no_version_has_no_page(shared_service: Service, version: str) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    assert browser.open(f"/policy/versions/{version}").answer.status_code == 404


def test_a_version_that_somebody_else_publishes_meanwhile_is_shown_and_nothing_is_lost(
    shared_service: Service,
) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    form = form_at(browser.open("/policy/change").tree, "/policy/change")
    publish(shared_service, "Another number, by somebody else.", claims_at_once=6, urgent_revisions=5)
    sent = form | {"urgent_revisions": "4", "appeal_days": "45", "note": "Mine."}
    page = Page("", browser.post("/policy/change", None, **sent))
    assert (page.answer.status_code, page.heading) == (409, "Change the policy")
    assert "Another number, by somebody else." in page.words
    shown = form_at(page.tree, "/policy/change")
    assert (shown["claims_at_once"], shown["urgent_revisions"], shown["appeal_days"]) == (["6"], ["4"], ["45"])
    assert shown["note"] == ["Mine."]
    seen = Page("", browser.post("/policy/change", None, **shown))
    publish(shared_service, "And once more.", claims_at_once=7)
    late = Page("", browser.post("/policy/publish", None, **form_at(seen.tree, "/policy/publish")))
    assert late.answer.status_code == 409
    shown = form_at(late.tree, "/policy/change")
    assert (shown["claims_at_once"], shown["urgent_revisions"], shown["appeal_days"]) == (["7"], ["4"], ["45"])


def test_a_preview_that_is_not_of_this_document_is_made_anew_and_shown(shared_service: Service) -> None:
    browser, before = signed_in(shared_service, shared_service.people.admin), current(shared_service)
    first = form_at(previewed_page(browser, grace_days="20").tree, "/policy/publish")
    second = form_at(previewed_page(browser, grace_days="21").tree, "/policy/publish")
    mixed = second | {"previewed": first["previewed"], "note": "Days."}
    page = Page("", browser.post("/policy/publish", None, **mixed))
    assert (page.answer.status_code, page.heading) == (409, "What would change")
    assert current(shared_service) == before
    again = form_at(page.tree, "/policy/publish")
    assert again["note"] == ["Days."]
    assert browser.post("/policy/publish", None, **again).status_code == 303
    assert current(shared_service)["document"]["grace_days"] == 21


def test_whoever_signed_in_long_ago_signs_in_again_and_loses_no_word(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    sent = form_at(previewed_page(browser, relist_days="200").tree, "/policy/publish") | {"note": "Longer."}
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE api_token SET authenticated_at = authenticated_at - interval '1 hour'"))
    page = Page("", browser.post("/policy/publish", None, **sent))
    assert (page.answer.status_code, page.heading) == (401, "Sign in again")
    assert "Longer." in page.words
    assert str(sent["document"]) not in page.words
    kept = form_at(page.tree, "/policy/publish")
    again = signed_in(shared_service, shared_service.people.admin)
    assert again.post("/policy/publish", None, **kept).status_code == 303
    assert current(shared_service)["document"]["relist_days"] == 200


def test_a_document_that_cannot_be_read_leads_back_to_the_form(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    for unreadable in ("{", "[" * 10_000):
        answer = browser.post("/policy/edit", document=unreadable, note="Longer.")
        assert answer.status_code == 200
        assert "Longer." in answer.text


def test_a_former_version_and_a_step_begin_the_form(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    form = form_at(browser.open("/policy/change?with=volume&with=no.such.step&from=1").tree, "/policy/change")
    assert "volume" in form["review_steps"]
    assert "volume" in form["observed"]
    assert form["customers_to_promote"] == ["3"]


def test_nobody_but_admins_opens_the_policy(shared_service: Service) -> None:
    for actor in (shared_service.people.reviewer, shared_service.people.partner):
        browser = signed_in(shared_service, actor)
        assert browser.open("/policy").answer.status_code == 403
        assert browser.post("/policy/publish", document="{}").status_code == 403


NUMBERS = st.fixed_dictionaries({name: st.integers(1, 3) for name in ("claims_at_once", "grace_days", "burst_seconds")})


@given(NUMBERS, NUMBERS, NUMBERS)
def test_of_two_changes_at_once_neither_is_lost(
    base: dict[str, int], mine: dict[str, int], theirs: dict[str, int]
) -> None:
    both = merged(PARTS, base, mine, theirs)
    for name in base:
        assert both.document[name] == (mine[name] if mine[name] != base[name] else theirs[name])
    changed = {change.title for change in changes_between(PARTS, base, theirs)}
    same = {part.title for part in PARTS if part.name in base and mine[part.name] == theirs[part.name]}
    assert {change.title for change in (*both.theirs, *both.both)} | same >= changed


def test_what_a_form_says_is_the_document_that_it_shows() -> None:
    pairs = [("customers_to_promote", " 7 "), ("country", ""), ("closed_days", "12-24\r\n12-31"), ("observed", "a.b")]
    document = document_of(PARTS, [*pairs, ("review_steps", "one"), ("review_steps", "two")])
    assert (document["customers_to_promote"], document["country"]) == (7, None)
    assert (document["closed_days"], document["review_steps"]) == (["12-24", "12-31"], ["one", "two"])
    assert (document["claims_at_once"], document["revision_steps"]) == ("", [])
