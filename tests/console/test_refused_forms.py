"""What somebody has written when nothing is done for their form: it is on the page, and sent again where that helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.client import ApiAnswer
from console.forms import refused_form
from tests.api.running import service_on
from tests.console.browsing import Page
from tests.console.signing_in import signed_in
from tests.databases import TestDatabase

WORDS = "What nobody wants to write <b>twice</b>."


def test_a_form_beyond_the_limit_is_kept_and_can_be_sent_again(
    module_database: TestDatabase, module_valkey_url: str, tmp_path: Path
) -> None:
    path = "/apps/acme/messages"
    with service_on(module_database, module_valkey_url, tmp_path, DEVCENTER_RATE_PARTNER="2") as service:
        browser = signed_in(service, service.people.partner)
        answers = (browser.post(path, None, key="one-key-of-a-form", message=WORDS) for _ in range(40))
        limited = next(answer for answer in answers if answer.status_code == 429)
    page = Page(limited.url, limited)
    assert WORDS in page.words
    (form,) = page.tree.xpath("//main//form")
    assert (form.action, dict(form.form_values())) == (path, {"key": "one-key-of-a-form", "message": WORDS})


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
