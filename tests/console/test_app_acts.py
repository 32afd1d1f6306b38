"""What a partner does with an App: rename, submit, withdraw, appeal, take off the catalog; what its pages say."""

import threading
from collections.abc import Callable

import pytest
import requests

from console.acts import ACTS
from models.lifecycle import APP_EDGES, AppState, AppTrigger, Role
from tests.api.access import colleague_in
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.membership import public_app
from tests.console.pages.submissions import changed_app, ready_app
from tests.console.signing_in import Browser, browser_of, signed_in_person
from tests.factories import app_in, move
from tests.journeys import judge


def judged(service: Service, act: Callable[[], requests.Response]) -> requests.Response:
    """Returns the answer to a form that asks for a transition, which is judged meanwhile, as workers do it."""
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(act()))
    asking.start()
    while asking.is_alive():
        judge(service.engine)
        asking.join(0.2)
    return answers[0]


def asked(service: Service, browser: Browser, path: str, **typed: str) -> Page:
    """Returns the answer to the form of the page at `path`, with what was typed."""
    page = browser.open(path)
    (form,) = page.tree.xpath("//main//form[.//input[@name='version']]")
    fields = dict(form.form_values()) | typed
    return Page(path, judged(service, lambda: browser.post(form.action, **fields)))


def state_of(service: Service, path: str) -> dict[str, object]:
    """Returns the state of the App and the kind of its open review."""
    found = service.partner("GET", f"/v1{path}/triggers").json()
    return {"state": found["state"], "review": found["open_kind"]}


def test_an_app_is_submitted_with_a_word_and_withdrawn(shared_service: Service) -> None:
    path, browser = ready_app(shared_service, "act-submitted"), browser_of(shared_service, "partner")
    assert "Check your answers and submit" in browser.open(path).words
    done = asked(shared_service, browser, f"{path}/submission", reason="Look at the charts first.")
    assert done.answer.headers.get("Location") == path, done.words
    assert state_of(shared_service, path) == {"state": "submitted", "review": "first"}
    page = browser.open(path)
    assert "It is the reviewers' turn." in page.words
    assert "A decision is due by" in page.words
    assert "Look at the charts first." in browser.open(f"{path}/history").words
    assert page.tree.xpath("//a[contains(@href, '/ask/')]/@href") == [f"{path}/ask/withdraw"]
    assert "cannot be changed while the App is under review" in browser.open(f"{path}/checklist/app_info").words
    assert asked(shared_service, browser, f"{path}/ask/withdraw").answer.headers.get("Location") == path
    assert state_of(shared_service, path) == {"state": "building", "review": "none"}


def test_an_urgent_revision_says_why(shared_service: Service) -> None:
    path, browser = changed_app(shared_service, "act-urgent"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/submission")
    assert "Renamed Entirely" in page.tree.xpath("string(//table)")
    lacking = asked(shared_service, browser, f"{path}/submission", urgent="yes", reason="Kept words.")
    assert lacking.tree.xpath("string(//*[@id='why-error'])").startswith("Say why it is urgent")
    assert "Kept words." in lacking.tree.xpath("string(//textarea[@id='reason'])")
    assert lacking.tree.xpath("//input[@id='urgent']/@checked")
    done = asked(shared_service, browser, f"{path}/submission", urgent="yes", why="The endpoint moves on Friday.")
    assert done.answer.status_code == 303, done.words
    review = shared_service.partner("GET", f"/v1{path}/status").json()["review"]
    assert (review["kind"], review["urgent"]) == ("revision", True)


def test_a_request_for_changes_is_appealed_in_words(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "act-appealed", AppState.SUBMITTED)
    move(shared_service.engine, shared_service.people, "act-appealed", AppTrigger.REQUEST_CHANGES)
    path, browser = "/apps/act-appealed", browser_of(shared_service, "partner")
    page = browser.open(path)
    assert "because" in page.words, "what the reviewers asked for"
    assert f"{path}/ask/appeal" in page.tree.xpath("//main//a/@href")
    silent = asked(shared_service, browser, f"{path}/ask/appeal", reason="  ")
    assert silent.tree.xpath("string(//*[@id='reason-error'])") == "Say why the decision should be another."
    done = asked(shared_service, browser, f"{path}/ask/appeal", reason="Customers use these words.")
    assert done.answer.status_code == 303, done.words
    assert state_of(shared_service, path)["review"] == "appeal"


def test_a_suspended_app_says_why_and_can_be_appealed(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "act-suspended", AppState.SUSPENDED)
    page = browser_of(shared_service, "partner").open("/apps/act-suspended")
    assert "Why it was suspended because" in page.words
    assert "/apps/act-suspended/ask/appeal" in page.tree.xpath("//main//a/@href")


def test_only_the_owner_takes_an_app_off_the_catalog_and_puts_it_back(shared_service: Service) -> None:
    path, browser = changed_app(shared_service, "act-unlisted"), browser_of(shared_service, "partner")
    olga_id, _ = colleague_in(
        shared_service, shared_service.partner, str(shared_service.people.partner.organization_id), "olga@acme.example"
    )
    olga = signed_in_person(shared_service, olga_id)
    assert f"{path}/ask/unlist" not in olga.open(path).tree.xpath("//main//a/@href")
    refused = olga.open(f"{path}/ask/unlist")
    assert refused.tree.xpath("//main//form") == []
    assert "not the owner" in refused.words
    assert asked(shared_service, browser, f"{path}/ask/unlist").answer.status_code == 303
    assert state_of(shared_service, path)["state"] == "unlisted"
    assert asked(shared_service, browser, f"{path}/ask/relist").answer.status_code == 303
    assert state_of(shared_service, path)["state"] == "public_beta"


def test_what_is_refused_meanwhile_keeps_the_words(shared_service: Service) -> None:
    path, browser = ready_app(shared_service, "act-refused"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/submission")
    (form,) = page.tree.xpath("//main//form")
    fields = dict(form.form_values()) | {"reason": "Not to be lost."}
    move(shared_service.engine, shared_service.people, "act-refused", AppTrigger.SUBMIT)
    late = Page(path, judged(shared_service, lambda: browser.post(form.action, **fields)))
    assert late.answer.status_code == 409
    assert late.tree.xpath("//*[@role='alert']")
    assert "Not to be lost." in late.words


def test_an_app_is_renamed_unless_somebody_was_faster(shared_service: Service) -> None:
    path, browser = ready_app(shared_service, "act-renamed"), browser_of(shared_service, "partner")
    (form,) = browser.open(path).tree.xpath("//form[contains(@action, '/name')]")
    fields = dict(form.form_values()) | {"name": "Renamed Once"}
    assert browser.post(form.action, **fields).status_code == 303
    assert browser.open(path).heading == "Renamed Once"
    late = Page(path, browser.post(form.action, **fields | {"name": "Renamed Twice"}))
    assert (late.answer.status_code, late.heading) == (412, "Renamed Once")
    assert late.tree.xpath("//input[@id='name']/@value") == ["Renamed Twice"]
    wrong = Page(path, browser.post(form.action, name=" ", base=""))
    assert wrong.tree.xpath("//*[@id='name-error']")


def test_the_difference_between_draft_and_published_is_shown(shared_service: Service) -> None:
    path, browser = changed_app(shared_service, "act-differs"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/published")
    row = page.tree.xpath("string(//tbody/tr)")
    assert "Act-Differs" in row
    assert "Renamed Entirely" in row
    assert "Nothing yet." in browser.open(ready_app(shared_service, "act-draft") + "/published").words


def test_the_draft_is_checked_on_demand(shared_service: Service) -> None:
    path, browser = ready_app(shared_service, "act-checked"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/review")
    assert "Your draft was not checked yet." in page.words
    (form,) = page.tree.xpath("//main//form")
    assert browser.post(form.action, **dict(form.form_values())).headers["Location"] == f"{path}/review#draft"
    page = browser.open(f"{path}/review")
    assert "is under way" in page.words
    assert page.tree.xpath("//main//form") == []


def test_a_public_app_applies_to_the_program_and_withdraws(shared_service: Service) -> None:
    path, browser = public_app(shared_service, "act-member"), browser_of(shared_service, "partner")
    (form,) = browser.open(f"{path}/membership").tree.xpath("//main//form")
    fields = dict(form.form_values()) | {"message": "Forty shared customers."}
    for _ in range(2):
        assert browser.post(form.action, **fields).status_code == 303
    page = browser.open(f"{path}/membership")
    assert "Forty shared customers." in page.words
    assert page.tree.xpath("//main//form/@action") == [f"{path}/membership/leave"]
    shared_service.reviewer("POST", f"/v1{path}/membership/decision", {"decision": "decline", "reason": "Ten first."})
    page = browser.open(f"{path}/membership")
    assert "Ten first." in page.words
    (again,) = page.tree.xpath("//main//form/@action")
    assert browser.post(again, message="", key="another-key-of-this").status_code == 303
    shared_service.reviewer("POST", f"/v1{path}/membership/decision", {"decision": "accept"})
    assert "is a member" in browser.open(f"{path}/membership").words
    assert browser.post(f"{path}/membership/leave").status_code == 303
    assert "You left the program" in browser.open(f"{path}/membership").words


@pytest.mark.parametrize(
    "page", ["messages", "pictures", "links", "customers", "review", "published", "history", "membership"]
)
def test_each_page_of_another_companys_app_is_the_same_as_none(shared_service: Service, page: str) -> None:
    assert browser_of(shared_service, "partner").open(f"/apps/nobody-has-it/{page}").answer.status_code == 404


def test_every_trigger_of_partners_has_its_form() -> None:
    asked_by_partners = {edge.trigger for edge in APP_EDGES if Role.PARTNER in edge.roles}
    assert asked_by_partners - {AppTrigger.CREATE.value} == {"submit", *ACTS}
