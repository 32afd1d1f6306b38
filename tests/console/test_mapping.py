"""A partner's pages of a function's mapping: trying what was typed, storing it, findings beside lines, conflicts."""

from typing import Any

import pytest
import requests

from console.json_text import beside_lines, lines_of
from console.mapping_forms import read_form, typed_of
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.components import app_with
from tests.console.pages.mapping import MAPPING, function_in
from tests.console.signing_in import Browser, browser_of


def _form_of(page: Page) -> dict[str, str]:
    (form,) = page.tree.xpath("//main//form")
    return {name: value.lstrip("\n") for name, value in form.form_values()}


def _send(browser: Browser, path: str, fields: dict[str, str]) -> requests.Response:
    return browser.send(path, list(fields.items()))


def _sent(browser: Browser, path: str, fields: dict[str, str]) -> Page:
    answer = _send(browser, path, fields)
    return Page(answer.url, answer)


def _stored(service: Service, component: str) -> Any:
    return service.partner("GET", f"/v1{component}").json()["settings"].get("mapping")


def test_what_was_typed_is_tried_with_an_event_and_stored_only_by_its_button(shared_service: Service) -> None:
    component = function_in(shared_service, "mapped-tried")
    path = f"{component}/mapping/default"
    browser = browser_of(shared_service, "partner")
    fields = _form_of(browser.open(path))
    assert (fields["method"], fields["headers.0.value"]) == ("PUT", "$.messageId")
    fields |= {
        "headers.2.name": "X-Source",
        "headers.2.value": "From {{type}}",
        "body": '{"mail": {"@path": "$.traits.email"}}',
        "event": '{"type": "identify", "messageId": "m-1", "userId": "u 1", "traits": {"email": "pat@shop.example"}}',
    }
    tried = _sent(browser, path, fields | {"do": "try"})
    assert tried.answer.status_code == 200
    for words in ("PUT https://acme.example/api/contacts/u%201", "m-1", "From identify", '"mail": "pat@shop.example"'):
        assert words in tried.words, words
    assert _stored(shared_service, component) == MAPPING
    saved = _send(browser, path, _form_of(tried) | {"do": "save"})
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{component}/mapping?done=saved")
    twice = _send(browser, path, _form_of(tried) | {"do": "save"})
    assert (twice.status_code, twice.headers["Location"]) == (303, f"{component}/mapping?done=saved")
    assert "It is saved" not in browser.open(f"{component}/mapping").words
    assert "It is saved" in browser.open(twice.headers["Location"]).words
    assert _stored(shared_service, component)["default"] == {
        "method": "PUT",
        "path": "/api/contacts/{{userId}}",
        "headers": {"X-Request-Id": {"@path": "$.messageId"}, "X-Source": {"@template": "From {{type}}"}},
        "body": {"mail": {"@path": "$.traits.email"}},
    }


def test_an_event_type_gets_a_mapping_of_its_own_and_loses_it_again(shared_service: Service) -> None:
    component = function_in(shared_service, "mapped-own")
    browser = browser_of(shared_service, "partner")
    assert "The default mapping" in browser.open(f"{component}/mapping").words
    path = f"{component}/mapping/delete"
    fields = _form_of(browser.open(path)) | {"method": "DELETE", "path": "/api/contacts/{{userId}}", "body": "{}"}
    assert "DELETE https://acme.example/api/contacts/" in _sent(browser, path, fields | {"do": "try"}).words
    assert _send(browser, path, fields | {"do": "save"}).status_code == 303
    assert _stored(shared_service, component)["delete"]["method"] == "DELETE"
    page = browser.open(path)
    assert _send(browser, path, _form_of(page) | {"do": "remove"}).status_code == 303
    assert _stored(shared_service, component) == MAPPING
    default = f"{component}/mapping/default"
    assert _send(browser, default, _form_of(browser.open(default)) | {"do": "remove"}).status_code == 303
    assert _stored(shared_service, component) is None


@pytest.mark.parametrize("act", ["try", "save"])
def test_what_is_wrong_stands_beside_its_line_and_its_field(shared_service: Service, act: str) -> None:
    component = function_in(shared_service, f"mapped-wrong-{act}")
    path = f"{component}/mapping/default"
    browser = browser_of(shared_service, "partner")
    typed = '{\n  "a": {\n    "@what": 1\n  },\n  "b": "{{x}}"\n}'
    fields = _form_of(browser.open(path)) | {"path": "v1", "headers.0.name": "Host", "body": typed, "do": act}
    page = _sent(browser, path, fields)
    assert page.answer.status_code == 422
    said = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ol[@class='lines']/li[p]")]
    assert ["Line 3: @what is no directive." in said[0], "Line 5: A constant has double braces." in said[1]] == [
        True
    ] * 2
    assert "A path begins with one slash" in page.tree.xpath("string(//*[@id='path-error'])")
    assert "may not set the header Host" in page.tree.xpath("string(//*[@id='headers.0.value-error'])")
    kept = _form_of(page)
    assert (kept["body"], kept["headers.0.name"]) == (typed, "Host")
    assert _stored(shared_service, component) == MAPPING


@pytest.mark.parametrize("name", ["body", "event"])
def test_what_is_no_json_is_said_with_its_line(shared_service: Service, name: str) -> None:
    component = function_in(shared_service, f"mapped-json-{name}")
    path = f"{component}/mapping/default"
    browser = browser_of(shared_service, "partner")
    page = _sent(browser, path, _form_of(browser.open(path)) | {name: '{\n  "a": 1\n  "b": 2\n}', "do": "try"})
    (line,) = page.tree.xpath("//ol[@class='lines']/li[p]")
    assert "Line 3: It is not JSON" in " ".join(line.text_content().split())
    assert _form_of(page)[name] == '{\n  "a": 1\n  "b": 2\n}'


def test_more_rows_keep_what_was_typed_even_if_it_cannot_be_read(shared_service: Service) -> None:
    component = function_in(shared_service, "mapped-more")
    path = f"{component}/mapping/default"
    browser = browser_of(shared_service, "partner")
    fields = _form_of(browser.open(path)) | {"headers.3.name": "X-Source", "headers.3.value": '"half', "do": "more"}
    page = _sent(browser, path, fields)
    kept = _form_of(page)
    assert (page.answer.status_code, kept["headers.1.name"], kept["headers.1.value"]) == (200, "X-Source", '"half')
    assert "headers.4.name" in kept


def test_a_mapping_that_was_changed_meanwhile_is_shown_beside_what_was_typed(shared_service: Service) -> None:
    component = function_in(shared_service, "mapped-conflict")
    path = f"{component}/mapping/default"
    browser = browser_of(shared_service, "partner")
    fields = _form_of(browser.open(path)) | {"path": "/mine", "do": "save"}
    settings = shared_service.partner("GET", f"/v1{component}").json()["settings"]
    theirs = {"settings": settings | {"mapping": {"default": {"path": "/theirs"}}}}
    assert shared_service.partner("PATCH", f"/v1{component}", theirs, If_Match="*").status_code == 200
    page = _sent(browser, path, fields)
    assert (page.answer.status_code, _form_of(page)["path"]) == (412, "/mine")
    assert '"path": "/theirs"' in page.words
    assert _send(browser, path, _form_of(page) | {"do": "save"}).status_code == 303
    assert _stored(shared_service, component)["default"]["path"] == "/mine"


def test_what_has_no_mapping_has_no_page_of_one(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    _, (webhook,) = app_with(shared_service, "mapped-not", "subscription")
    assert browser.open(f"{webhook}/mapping").answer.status_code == 404
    component = function_in(shared_service, "mapped-unknown")
    assert browser.open(f"{component}/mapping/page").answer.status_code == 404


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        {"@path": "$.userId"},
        {"@path": "userId"},
        {"@template": "Bought {{event}}"},
        {"@template": "$5 for {{event}}"},
        {"@template": '"{{event}}"'},
        {"@literal": "{{x}}"},
        {"@case": {"operator": "lower", "value": {"@path": "$.userId"}}},
        "$.not.a.path",
        " blanks ",
        '"quoted"',
        "",
        "[a]",
        ["a", {"@path": "$.userId"}],
    ],
)
def test_a_header_is_typed_as_it_is_stored_whatever_its_value(value: Any) -> None:
    mapping = {"method": "POST", "headers": {"X-Source": value}}
    typed = typed_of(mapping)
    assert "\n" not in typed["headers.0.value"]
    assert read_form(typed).document == mapping


def test_a_header_that_is_no_text_is_typed_as_a_literal() -> None:
    typed = typed_of({"headers": {"X-Source": 5}})
    assert typed["headers.0.value"] == '{"@literal": 5}'
    assert read_form(typed).document == {"method": "POST", "headers": {"X-Source": {"@literal": 5}}}


def test_the_lines_of_json_are_found_by_pointers() -> None:
    text = '{\n "a/b": [\n  1,\n  {"c~": "x,[{:\\"",\n   "d": null}\n ],\n "e":\n  {}\n}'
    lines = {"": 1, "/a~1b": 2, "/a~1b/0": 3, "/a~1b/1": 4, "/a~1b/1/c~0": 4, "/a~1b/1/d": 5, "/e": 7, "/x": 1}
    assert dict(zip(lines, lines_of(text, list(lines)), strict=True)) == lines
    assert lines_of(text, ["/a~1b/1/d/deeper", "/nowhere/at/all"]) == [5, 1]
    assert lines_of('\n"a"', [""]) == [2]
    beside = beside_lines("a\nb", [(2, "one"), (2, "two")])
    assert [(line.number, line.text, line.findings) for line in beside] == [(1, "a", ()), (2, "b", ("one", "two"))]
