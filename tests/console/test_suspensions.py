"""A reviewer's pages of suspensions: suspending with what lifts it, the second person, and reinstating."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text

from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.suspensions import suspension_page
from tests.console.signing_in import signed_in
from tests.journeys import judge
from tests.waiting import wait_until


def form_of(page: Page, act: str) -> dict[str, str]:
    """Returns the fields of the page's form for the act, as it is shown."""
    (form,) = page.tree.xpath("//form[contains(@action, $act)]", act=act)
    return dict(form.form_values())


def judged(service: Service, send: Callable[[], requests.Response]) -> requests.Response:
    """Returns the answer to a form that waits for a transition, which is judged meanwhile."""

    def is_due() -> bool:
        with service.engine.connect() as connection:
            return bool(connection.scalar(text("SELECT count(*) FROM transition_request WHERE status = 'due'")))

    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(send)
        wait_until(is_due, what="the request")
        judge(service.engine)
        return sent.result(20)


def test_an_app_is_suspended_confirmed_by_a_second_person_and_reinstated(shared_service: Service) -> None:
    page = suspension_page(shared_service, "loses-events", AppState.PUBLIC_BETA)
    first = signed_in(shared_service, shared_service.people.reviewer)
    found = first.post("/suspensions", None, app=" Loses-Events ")
    assert found.headers["Location"] == "/suspensions/loses-events"
    fields = form_of(first.open(page), "/suspend")
    silent = first.post(f"{page}/suspend", None, **(fields | {"words": " "}))
    assert silent.status_code == 422
    assert "Error: " in silent.text
    said = fields | {"words": "Events are <lost>.", "lifted": "only_reinstated"}
    assert judged(shared_service, lambda: first.post(f"{page}/suspend", None, **said)).status_code == 303
    assert first.post(f"{page}/suspend", None, **said).status_code == 303, "pressed twice"
    seen = first.open(page)
    assert "Events are <lost>." in seen.words
    assert "only a reinstatement" in seen.words
    assert not seen.tree.xpath("//form[contains(@action, '/confirm')]"), "whoever suspends is not the second person"
    refused = first.post(f"{page}/confirm")
    assert (refused.status_code, "You suspended this App yourself." in refused.text) == (409, True)
    second = signed_in(shared_service, shared_service.people.admin)
    assert "/suspensions/loses-events" in second.open("/suspensions?confirmed=false").tree.xpath("//th/a/@href")
    for _ in range(2):
        assert second.post(f"{page}/confirm").status_code == 303
    fields = form_of(second.open(page), "/reinstate") | {"words": "Mended, and watched for a day."}
    assert judged(shared_service, lambda: second.post(f"{page}/reinstate", None, **fields)).status_code == 303
    assert "Public beta" in second.open(page).words


def test_an_act_on_an_app_that_moved_on_is_refused_and_keeps_its_words(shared_service: Service) -> None:
    page = suspension_page(shared_service, "moved-on", AppState.PUBLIC_BETA)
    browser = signed_in(shared_service, shared_service.people.reviewer)
    fields = form_of(browser.open(page), "/suspend") | {"words": "As of this morning.", "version": "1"}
    late = judged(shared_service, lambda: browser.post(f"{page}/suspend", None, **fields))
    assert late.status_code == 409
    assert "As of this morning." in late.text
    assert "There is a problem" in late.text


@pytest.mark.parametrize("version", ["seven", "9" * 5_000])
def test_an_act_on_what_is_no_version_is_refused_and_keeps_its_words(shared_service: Service, version: str) -> None:
    page = suspension_page(shared_service, f"no-version-{len(version)}", AppState.PUBLIC_BETA)
    browser = signed_in(shared_service, shared_service.people.reviewer)
    fields = form_of(browser.open(page), "/suspend") | {"words": "As of now.", "version": version}
    refused = browser.post(f"{page}/suspend", None, **fields)
    assert (refused.status_code, "As of now." in refused.text) == (422, True)
    assert "There is a problem" in refused.text


def test_an_app_that_cannot_be_suspended_has_no_button_and_says_why(shared_service: Service) -> None:
    page = suspension_page(shared_service, "in-the-making", AppState.BUILDING)
    browser = signed_in(shared_service, shared_service.people.reviewer)
    seen = browser.open(page)
    assert not seen.tree.xpath("//main//form")
    assert seen.tree.xpath("//section[@aria-labelledby='not']//li/text()") == [
        "This cannot be done in the present state: Being built."
    ]
    unknown = browser.post("/suspensions", None, app="no-such-app")
    assert unknown.status_code == 404
    assert "No App has this short name." in unknown.text
