"""A partner's pages about Apps: from nothing to a new App, its answers, and what is left to do."""

import pytest

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.pictures import pictured_app
from tests.console.signing_in import browser_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def test_a_partner_makes_an_app_and_answers_a_requirement(service: Service) -> None:
    browser = browser_of(service, "partner")
    assert "Create your first App" in browser.open("/apps").words
    made = browser.post("/apps", name="Acme Insights", slug="acme-insights", key="a-key-of-this-form")
    assert made.headers["Location"] == "/apps/acme-insights"
    again = browser.post("/apps", name="Acme Insights", slug="acme-insights", key="a-key-of-this-form")
    assert again.headers["Location"] == "/apps/acme-insights"
    assert "It is your turn" in browser.open("/apps/acme-insights").words
    stored = browser.post("/apps/acme-insights/checklist/partner_documentation", url="https://acme.example/docs")
    assert stored.headers["Location"] == "/apps/acme-insights"
    items = service.partner("GET", "/v1/apps/acme-insights/checklist").json()["items"]
    assert {"url": "https://acme.example/docs"} in [item["evidence"] for item in items]


def test_a_refused_form_keeps_what_was_typed_as_text(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    refused = browser.post("/apps", name=HOSTILE, slug="Not A Slug", key="another-key-of-this")
    assert refused.status_code == 422
    assert "<script>" not in refused.text
    assert "Not A Slug" in refused.text
    shared_service.partner("POST", "/v1/apps", {"slug": "acme-kept", "name": "Acme Kept"})
    kept = browser.post("/apps/acme-kept/checklist/app_info", description=HOSTILE, website="nothing")
    assert kept.status_code == 422
    assert "<script>" not in kept.text
    assert "website must be a URL" in kept.text
    assert "alert(1)" in kept.text


def test_whoever_answers_what_a_colleague_answered_meanwhile_sees_both_and_loses_nothing(
    shared_service: Service,
) -> None:
    service, browser = shared_service, browser_of(shared_service, "partner")
    path = f"{pictured_app(service, 'acme-answered-twice')}/checklist/app_info"
    (form,) = browser.open(path).tree.xpath("//main//form")
    mine = dict(form.form_values()) | {"website": "https://acme.example/mine", "second-categories": "Surveys"}
    stored = service.partner("GET", f"/v1{path}").json()["evidence"]
    theirs = stored | {"website": "https://acme.example/theirs"}
    assert service.partner("PUT", f"/v1{path}", {"evidence": theirs}).status_code == 200
    late = Page(path, browser.post(path, None, **mine))
    assert late.answer.status_code == 412
    assert "Somebody else changed it meanwhile" in late.words
    rows = {row.findtext("th"): [cell.text for cell in row.findall("td")] for row in late.tree.xpath("//tbody/tr")}
    assert rows == {
        "Website of the App": ["https://acme.example/theirs", "https://acme.example/mine"],
        "Category": ["Analytics", "Analytics, Surveys"],
    }
    assert service.partner("GET", f"/v1{path}").json()["evidence"] == theirs
    (again,) = late.tree.xpath("//main//form")
    kept = {name: value.strip() for name, value in again.form_values()}
    typed = {name: value.strip() for name, value in mine.items()}
    assert kept == typed | {"base": '"2"'}, "what was typed is in the form, based on what is shown as stored"
    for _ in range(2):  # a double click is no conflict
        assert browser.post(path, None, **kept).status_code == 303
    assert service.partner("GET", f"/v1{path}").json()["evidence"]["website"] == "https://acme.example/mine"


def test_a_refused_answer_is_still_based_on_what_was_seen(shared_service: Service) -> None:
    service, browser = shared_service, browser_of(shared_service, "partner")
    service.partner("POST", "/v1/apps", {"slug": "acme-refused-once", "name": "Acme Once"})
    path = "/apps/acme-refused-once/checklist/partners_page"
    (form,) = browser.open(path).tree.xpath("//main//form")
    given = {"evidence": {"url": "https://acme.example/theirs"}}
    assert service.partner("PUT", f"/v1{path}", given).status_code == 200
    refused = Page(path, browser.post(path, None, **dict(form.form_values()) | {"url": "nothing"}))
    assert refused.answer.status_code == 422
    (mended,) = refused.tree.xpath("//main//form")
    late = Page(path, browser.post(path, None, **dict(mended.form_values()) | {"url": "https://acme.example/mine"}))
    assert late.answer.status_code == 412
    assert "https://acme.example/theirs" in late.words


def test_a_test_account_of_another_kind_that_came_meanwhile_is_shown_without_secrets(shared_service: Service) -> None:
    service, browser = shared_service, browser_of(shared_service, "partner")
    service.partner("POST", "/v1/apps", {"slug": "acme-two-accounts", "name": "Acme Accounts"})
    path = "/apps/acme-two-accounts/checklist/test_account"
    (form,) = browser.open(f"{path}?kind=api_key").tree.xpath("//main//form")
    theirs = {"evidence": {"username": "reviewer", "password": "their secret"}}
    assert service.partner("PUT", f"/v1{path}", theirs).status_code == 200
    late = Page(path, browser.post(path, None, **dict(form.form_values()) | {"api_key": "my secret"}))
    assert late.answer.status_code == 412
    rows = {row.findtext("th"): [cell.text for cell in row.findall("td")] for row in late.tree.xpath("//tbody/tr")}
    assert rows == {
        "How reviewers get in": ["A user name and a password", "A key or a token, without a login"],
        "User name": ["reviewer", "Nothing"],
    }
    assert "their secret" not in late.answer.text


@pytest.mark.parametrize("path", ["", "/submission", "/checklist/app_info"])
def test_an_app_of_another_company_is_the_same_as_none(shared_service: Service, path: str) -> None:
    browser = browser_of(shared_service, "partner")
    none = browser.open(f"/apps/nobody-has-it{path}")
    assert none.answer.status_code == 404


def test_a_requirement_that_there_is_not_has_no_page(shared_service: Service) -> None:
    shared_service.partner("POST", "/v1/apps", {"slug": "acme-unknown", "name": "Acme Unknown"})
    browser = browser_of(shared_service, "partner")
    for code in ("nothing", "working_integration"):
        assert browser.open(f"/apps/acme-unknown/checklist/{code}").answer.status_code == 404


def test_what_cannot_be_submitted_has_no_button_and_says_why(shared_service: Service) -> None:
    shared_service.partner("POST", "/v1/apps", {"slug": "acme-early", "name": "Acme Early"})
    browser = browser_of(shared_service, "partner")
    page = browser.open("/apps/acme-early/submission")
    assert page.tree.xpath("//main//button") == []
    assert "It cannot be submitted now" in page.words


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_the_pages_are_for_partners(shared_service: Service, role: str) -> None:
    assert browser_of(shared_service, role).open("/apps").answer.status_code == 403
