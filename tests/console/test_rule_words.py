"""What partners and reviewers read of what is not done yet has no code and no trigger of the API's."""

import re

import pytest

from models.checklist import Requirement
from models.lifecycle import AppState, AppTrigger, StepState
from models.steps import STEPS
from tests.api.running import Service
from tests.console.pages.apps import new_app
from tests.console.pages.membership import public_app
from tests.console.pages.review import held_review_page
from tests.console.signing_in import browser_of, signed_in
from tests.factories import app_in

CODES = re.compile(
    r"\b("
    + "|".join({one for kind in (Requirement, AppState, AppTrigger, STEPS) for one in map(str, kind) if "_" in one})
    + r")\b"
)
PARTS = ("", "/submission", "/review", "/customers", "/membership", "/history", "/ask/withdraw", "/ask/appeal")
STANDINGS = {
    AppState.BUILDING: "It is your turn",
    AppState.SUBMITTED: "A decision is due by",
    AppState.PUBLIC_BETA: "It is your turn",
    AppState.SUSPENDED: "A revision that is approved lifts the suspension. You can appeal it once.",
    AppState.UNLISTED: "The owner of your company can put it back.",
    AppState.REMOVED: "There is nothing to wait for",
}


@pytest.mark.parametrize("state", STANDINGS)
def test_pages_of_an_app_have_no_code_of_the_api(shared_service: Service, state: AppState) -> None:
    slug = f"worded-{state.value.replace('_', '-')}"
    app_in(shared_service.engine, shared_service.people, slug, state)
    browser = browser_of(shared_service, "partner")
    assert STANDINGS[state] in browser.open(f"/apps/{slug}").words
    said = {part: browser.open(f"/apps/{slug}{part}").words for part in PARTS}
    assert {part: found for part, words in said.items() if (found := CODES.findall(words))} == {}
    assert [part for part, words in said.items() if re.search(r"is possible from|the partner's turn", words)] == []


def test_what_a_submission_lacks_is_named_as_its_page_names_it(shared_service: Service) -> None:
    page = new_app(shared_service, "worded-anew").removeprefix(shared_service.url)
    lacking = browser_of(shared_service, "partner").open(f"{page}/submission")
    (said,) = [words for words in lacking.tree.xpath("//main//li/text()") if "missing or to be mended" in words]
    assert "What your App is; Documentation for our pages" in said
    assert not CODES.search(lacking.words)


def test_an_act_out_of_its_time_says_which_state_is_against_it(shared_service: Service) -> None:
    page = public_app(shared_service, "worded-public")
    said = browser_of(shared_service, "partner").open(f"{page}/ask/relist").words
    assert "This cannot be done in the present state: Public." in said


def test_an_approval_names_the_steps_by_their_titles(shared_service: Service) -> None:
    page = held_review_page(shared_service, "worded-steps")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    opened = browser.open(page)
    assert "Not decided yet" in opened.tree.xpath("string(//*[@id='steps']/..)")
    assert not re.search(rf"\b{StepState.PENDING}\b", opened.words)
    (form,) = opened.tree.xpath("//form[.//button[@name='act']]")
    refused = browser.post(form.action, **dict(form.form_values()), act="decide approve").text
    assert "review steps have not passed" in refused
    assert not CODES.search(re.sub(r"<[^>]*>", " ", refused))
