"""A reviewer's pages of saved reasons and of statistics: writing and retiring them, their uses, and what recurs."""

from models.lifecycle import AppTrigger
from tests.api.running import Service
from tests.console.pages.review import held_review_page
from tests.console.pages.saved_reasons import saved_reason_page
from tests.console.signing_in import signed_in
from tests.factories import make_possible
from tests.journeys import judge


def test_a_reason_is_saved_revised_and_retired(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.reviewer)
    (form,) = browser.open("/saved-reasons").tree.xpath("//form[@action='/saved-reasons']")
    fields = dict(form.form_values()) | {"code": "docs.No Setup", "text": "The <setup> is missing.", "kinds": "appeal"}
    refused = browser.post("/saved-reasons", None, **fields)
    assert refused.status_code == 422
    assert "The &lt;setup&gt; is missing." in refused.text
    for _ in range(2):
        saved = browser.post("/saved-reasons", None, **(fields | {"code": "docs.no_setup"}))
        assert (saved.status_code, saved.headers["Location"]) == (303, "/saved-reasons/docs.no_setup")
    again = browser.post("/saved-reasons", None, **(fields | {"code": "docs.no_setup", "key": "another-key-of-it"}))
    assert again.status_code == 409
    assert "already exists" in again.text
    listed = browser.open("/saved-reasons?kind=appeal")
    assert "docs.no_setup" in listed.tree.xpath("//h2[text()='Docs']/..//th/a/text()")
    assert "docs.no_setup" not in browser.open("/saved-reasons?kind=health").words
    page = "/saved-reasons/docs.no_setup"
    revised = {"key": "a-key-of-this-form", "text": "Say how to set it up.", "where": "", "kinds": "first"}
    for _ in range(2):
        assert browser.post(page, None, **revised).status_code == 303
    seen = browser.open(page)
    assert "Version 2" in seen.words
    assert "The <setup> is missing." in seen.words
    empty = browser.post(page, None, **(revised | {"text": " ", "key": "one-more-key-of-it"}))
    assert empty.status_code == 422
    for _ in range(2):
        assert browser.post(f"{page}/retire").status_code == 303
    assert "It is retired" in browser.open(page).words
    assert "docs.no_setup" not in browser.open("/saved-reasons").words
    assert "docs.no_setup" in browser.open("/saved-reasons?retired=true").words


def test_a_reason_shows_where_it_is_used_and_statistics_what_recurs(shared_service: Service) -> None:
    page = saved_reason_page(shared_service, "partners_page.used")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    assert "In no decision" in browser.open(page).words
    review = held_review_page(shared_service, "asked-with-it")
    make_possible(shared_service.engine, shared_service.people, "asked-with-it", AppTrigger.REQUEST_CHANGES)
    body = {"decision": "request_changes", "reasons": [{"saved": "partners_page.used"}]}
    call = review.replace("/reviews/", "/v1/reviews/").removeprefix(shared_service.url)
    assert shared_service.reviewer("POST", f"{call}/decision", body).status_code == 202
    judge(shared_service.engine)
    used = browser.open(page)
    assert "In 1 decision of the last 12 weeks" in used.words
    assert review.removeprefix(shared_service.url) in used.tree.xpath("//main//li/a/@href")
    statistics = browser.open("/statistics?weeks=4")
    assert "partners_page.used" in statistics.tree.xpath("//a/text()")
    assert "100% of" in statistics.words
    assert len(statistics.tree.xpath("//time")) >= 4
