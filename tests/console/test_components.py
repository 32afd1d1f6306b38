"""A partner's pages of Components: adding and editing each kind by a form, conflicts, the write key, and removal."""

from typing import Any

import pytest

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.components import app_with
from tests.console.signing_in import Browser, browser_of


def _form_of(page: Page, action: str) -> dict[str, str]:
    """Returns what the form with this action has in its fields."""
    (form,) = page.tree.xpath("//main//form[@action=$action]", action=action)
    return dict(form.form_values())


def _components(service: Service, app: str) -> list[dict[str, Any]]:
    return list(service.partner("GET", f"/v1{app}/components").json()["items"])


def _as_page(browser: Browser, path: str, **fields: str) -> Page:
    answer = browser.post(path, None, **fields)
    return Page(answer.url, answer)


def test_a_webhook_with_settings_is_added_without_json_and_only_once(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "form-webhook")
    browser = browser_of(shared_service, "partner")
    action = f"{app}/new-component/webhook"
    assert f"{app}/new-component/webhook" in browser.open(f"{app}/new-component").answer.text
    fields = _form_of(browser.open(action), action) | {
        "name": "All events",
        "url": "https://acme.example/webhook",
        "event_types.track": "yes",
        "settings.2.name": "region",
        "settings.2.label": "Region",
        "settings.2.type": "choice",
        "settings.2.choices": "EU\r\n\r\n US ",
        "settings.2.required": "yes",
    }
    more = _as_page(browser, action, **fields, more="settings")
    assert more.answer.status_code == 200
    assert "More rows for settings" in more.words
    kept = _form_of(more, action)
    assert (kept["settings.0.name"], kept["key"]) == ("region", fields["key"])
    assert kept["settings.0.choices"].split() == ["EU", "US"]
    assert "settings.3.name" in kept
    assert _components(shared_service, app) == []
    made = [browser.post(action, None, **kept) for _ in range(2)]
    assert made[0].headers["Location"] == made[1].headers["Location"]
    (component,) = _components(shared_service, app)
    assert component["settings"] == {
        "url": "https://acme.example/webhook",
        "api_key_name": "API key",
        "event_types": ["track", "delete"],
        "settings": [
            {"name": "region", "label": "Region", "type": "choice", "required": True, "choices": ["EU", "US"]},
        ],
    }
    page = browser.open(made[0].headers["Location"])
    assert "It has no test key yet" in page.words
    assert "It has not been tested yet" in page.words


@pytest.mark.parametrize(
    ("kind", "fields", "settings"),
    [
        (
            "ios",
            {"package_url": "https://acme.example/sdk", "minimum_sdk_version": "4.1", "minimum_os_version": ""},
            {"package_url": "https://acme.example/sdk", "minimum_sdk_version": "4.1"},
        ),
        (
            "android",
            {"package_name": "com.acme:insights", "minimum_sdk_version": "4", "minimum_os_version": "8.0"},
            {"package_name": "com.acme:insights", "minimum_sdk_version": "4", "minimum_os_version": "8.0"},
        ),
    ],
)
def test_a_package_is_added_by_its_coordinates(
    shared_service: Service, kind: str, fields: dict[str, str], settings: dict[str, str]
) -> None:
    app, _ = app_with(shared_service, f"form-{kind}")
    made = browser_of(shared_service, "partner").post(f"{app}/new-component/{kind}", None, name="Package", **fields)
    assert made.status_code == 303, made.text
    assert [one["settings"] for one in _components(shared_service, app)] == [settings]


def test_every_refusal_stands_beside_its_field_and_nothing_that_was_typed_is_lost(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "form-refused")
    browser = browser_of(shared_service, "partner")
    page = _as_page(
        browser,
        f"{app}/new-component/webhook",
        **{
            "name": "<b>Mine</b>",
            "url": "ftp://acme.example",
            "event_types.track": "yes",
            "settings.1.name": "a b",
            "settings.1.label": "A",
            "settings.1.type": "choice",
        },
    )
    assert page.answer.status_code == 422
    for name in ("url", "event_types", "settings.0.name", "settings.0.choices"):
        assert page.tree.xpath("//*[@role='alert']//a[@href=$href]", href=f"#{name}"), name
        assert page.tree.xpath("//*[@id=$id]", id=name), name
    assert "must be able to delete a user" in page.words
    assert [
        page.tree.xpath("string(//input[@id=$id]/@value)", id=one) for one in ("name", "url", "settings.0.name")
    ] == [
        "<b>Mine</b>",
        "ftp://acme.example",
        "a b",
    ]


def test_a_streams_events_are_rows_and_its_write_key_is_shown_once(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "form-stream")
    browser = browser_of(shared_service, "partner")
    action = f"{app}/new-component/stream"
    wrong = _as_page(
        browser, action, **{"name": "Ours", "events.0": "Report Shared", "more_events": "Purchase\nEmail Opened"}
    )
    assert wrong.tree.xpath("string(//*[@id='events.1-error'])").startswith('"Purchase" means')
    mended = _form_of(wrong, action) | {"events.1": ""}
    shown = _as_page(browser, action, **mended)
    key = shown.tree.xpath("string(//*[@id='write-key-shown'])")
    assert key.startswith("wk_")
    assert "http://127.0.0.1:8788" in shown.words
    assert _as_page(browser, action, **mended).tree.xpath("string(//*[@id='write-key-shown'])") == key
    (component,) = _components(shared_service, app)
    assert component["settings"] == {"events": ["Report Shared", "Email Opened"]}
    page = browser.open(f"{app}/components/{component['id']}")
    assert key not in page.answer.text
    assert "2 of its 2 declared events have not come" in page.words
    renewal = f"{app}/components/{component['id']}/write-key"
    renewed = _as_page(browser, renewal, **_form_of(page, renewal))
    assert "The old key has stopped working" in renewed.words
    assert renewed.tree.xpath("string(//*[@id='write-key-shown'])") not in ("", key)


def test_whoever_edits_what_was_changed_meanwhile_sees_both_and_loses_nothing(shared_service: Service) -> None:
    _, (path,) = app_with(shared_service, "form-conflict", "subscription")
    browser = browser_of(shared_service, "partner")
    mine = _form_of(browser.open(path), path) | {"name": "Mine"}
    theirs = {"settings": {"url": "https://acme.example/theirs", "event_types": ["delete"]}}
    assert shared_service.partner("PATCH", f"/v1{path}", theirs, If_Match="*").status_code == 200
    page = _as_page(browser, path, **mine)
    assert page.answer.status_code == 412
    assert "Somebody else changed it meanwhile" in page.words
    rows = {
        row.xpath("string(th)"): (row.xpath("string(td[1])"), row.xpath("string(td[2])"))
        for row in page.tree.xpath("//tbody/tr")
    }
    assert rows["Name"] == ("Acme subscription", "Mine")
    assert rows["Endpoint"][0] == "https://acme.example/theirs"
    assert "Region (region): one of several choices: EU, US, required" in rows["Settings of customers"][1]
    assert shared_service.partner("GET", f"/v1{path}").json()["settings"]["url"] == "https://acme.example/theirs"
    saved = browser.post(path, None, **_form_of(page, path))
    assert saved.headers["Location"] == f"{path}?done=saved"
    assert browser.post(path, None, **_form_of(page, path)).headers["Location"] == f"{path}?done=saved"
    now = shared_service.partner("GET", f"/v1{path}").json()
    assert (now["name"], len(now["settings"]["settings"])) == ("Mine", 2)


def test_an_edit_keeps_a_functions_mapping_and_says_if_nothing_differs(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "form-function")
    mapping = {"default": {"method": "PUT", "path": "/contacts/{{userId}}"}}
    settings = {"url": "https://acme.example/api", "event_types": ["track", "delete"], "mapping": mapping}
    body = {"kind": "subscription", "subkind": "function", "name": "Contacts", "settings": settings}
    path = f"{app}/components/{shared_service.partner('POST', f'/v1{app}/components', body).json()['id']}"
    browser = browser_of(shared_service, "partner")
    fields = _form_of(browser.open(path), path)
    assert browser.post(path, None, **fields).headers["Location"] == f"{path}?done=same"
    saved = browser.post(path, None, **fields | {"url": "https://acme.example/v2"})
    assert "It has to be tested again" in browser.open(saved.headers["Location"]).words
    assert shared_service.partner("GET", f"/v1{path}").json()["settings"]["mapping"] == mapping


def test_a_component_is_removed_unless_somebody_changed_it_meanwhile(shared_service: Service) -> None:
    app, (path,) = app_with(shared_service, "form-removed", "plugin")
    browser = browser_of(shared_service, "partner")
    seen = _form_of(browser.open(path), f"{path}/remove")
    shared_service.partner("PATCH", f"/v1{path}", {"name": "Other"}, If_Match="*")
    page = _as_page(browser, f"{path}/remove", **seen)
    assert (page.answer.status_code, len(_components(shared_service, app))) == (412, 1)
    assert "is not removed" in page.words
    gone = browser.post(f"{path}/remove", None, **_form_of(page, f"{path}/remove"))
    assert gone.headers["Location"] == f"{app}/components"
    assert _components(shared_service, app) == []
    assert browser.open(path).answer.status_code == 404


@pytest.mark.parametrize("path", ["components", "new-component", "new-component/webhook"])
def test_the_components_of_another_companys_app_are_the_same_as_none(shared_service: Service, path: str) -> None:
    assert browser_of(shared_service, "partner").open(f"/apps/nobody-has-it/{path}").answer.status_code == 404


def test_a_kind_that_there_is_not_has_no_form(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "form-unknown")
    assert browser_of(shared_service, "partner").open(f"{app}/new-component/widget").answer.status_code == 404
