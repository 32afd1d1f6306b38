"""What somebody has written when nothing is done for their form: it is on the page, and sent again where that helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from console.client import ApiAnswer
from console.forms import MAX_FORM_BYTES, refused_form
from tests.api.running import Service, service_on
from tests.console.browsing import Page
from tests.console.pages.test_runs import component_page
from tests.console.signing_in import browser_of, signed_in
from tests.databases import TestDatabase

WORDS = "What nobody wants to write <b>twice</b>."


def test_a_form_beyond_the_limit_is_kept_and_can_be_sent_again(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    path = "/apps/acme/messages"
    with service_on(database, valkey_url, tmp_path, DEVCENTER_RATE_PARTNER="2") as service:
        browser = signed_in(service, service.people.partner)
        answers = (browser.post(path, None, key="one-key-of-a-form", message=WORDS) for _ in range(40))
        limited = next(answer for answer in answers if answer.status_code == 429)
    page = Page(limited.url, limited)
    assert WORDS in page.words
    (form,) = page.tree.xpath("//main//form")
    assert (form.action, dict(form.form_values())) == (path, {"key": "one-key-of-a-form", "message": WORDS})


def test_a_form_at_which_the_service_fails_is_kept_and_can_be_sent_again(shared_service: Service) -> None:
    own = component_page(shared_service, "failing-try")
    slug, component = own.split("/")[2], own.split("/")[4]
    with shared_service.engine.begin() as connection:  # what no code foresees
        connection.execute(text("UPDATE component SET settings = '{}' WHERE id = :id"), {"id": component})
    path = f"/apps/{slug}/try/{component}"
    failed = browser_of(shared_service, "partner").post(path, None, key="one-key-of-a-form", message=WORDS)
    page = Page(failed.url, failed)
    assert (failed.status_code, page.heading) == (500, "The service failed")
    assert WORDS in page.words
    (form,) = page.tree.xpath("//main//form")
    assert (form.action, dict(form.form_values())) == (path, {"key": "one-key-of-a-form", "message": WORDS})
    assert failed.headers["Cache-Control"] == "no-store"


def test_a_form_that_is_too_large_says_how_large_it_may_be_and_what_to_do(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    sent = browser.post("/apps/acme/messages", None, message="x" * MAX_FORM_BYTES)
    page = Page(sent.url, sent)
    assert (sent.status_code, page.heading) == (413, "This is too large")
    assert f"may have at most {MAX_FORM_BYTES} bytes. Nothing was done" in page.words
    assert "Go back one page" in page.words


def _refusal(**content: Any) -> ApiAnswer:
    return ApiAnswer(422, {"code": "request.invalid", "detail": "No.", "remedy": "Mend it.", **content}, {})


def _flaw(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


def test_all_that_is_wrong_with_a_field_stands_beside_it_and_everything_else_above_the_form() -> None:
    def place(steps: Sequence[str]) -> str | None:
        return f"value.{steps[1]}" if steps[0] == "settings" and len(steps) > 1 else None

    flaws = [
        _flaw("#/settings/a~1b", "a/b is required."),
        _flaw("#/plan/kinds/0", "Item 1 of kinds must be one of: web."),
        _flaw("#/plan/kinds/4", "Item 5 of kinds must be one of: web."),
        _flaw("#/text", "text must have at least 1 character."),
        _flaw("#/version", "version is missing."),
    ]
    form = refused_form({"kinds": "x", "words": ""}, _refusal(errors=flaws), names={"text": "words"}, place=place)
    assert form.errors == {
        "value.a/b": "a/b is required.",
        "kinds": "Item 1 of kinds must be one of: web. Item 5 of kinds must be one of: web.",
        "words": "words must have at least 1 character.",
    }
    assert form.problems == ("version is missing.",)
    assert form.values == {"kinds": "x", "words": ""}


def test_a_rule_or_an_error_that_is_about_one_field_stands_beside_it() -> None:
    rules = [
        {"code": "reason.given", "detail": "There is no reason.", "remedy": "Give one."},
        {"code": "slug.free", "detail": "It is taken.", "remedy": ""},
    ]
    form = refused_form({}, _refusal(unmet=rules), codes={"reason.given": "reason"}, whole="reason")
    assert (form.errors, form.problems) == ({"reason": "There is no reason. Give one."}, ("It is taken.",))
    for said in (
        refused_form({}, _refusal(code="a.b"), codes={"a.b": "host"}),
        refused_form({}, _refusal(), whole="host"),
    ):
        assert (said.errors, said.problems) == ({"host": "No. Mend it."}, ())
    nothing = refused_form({}, _refusal(), codes={"a.b": "host"})
    assert (nothing.errors, nothing.problems) == ({}, ("No. Mend it.",))
