"""A partner's page of the test key: stored by a form that never shows it, refused beside its fields, deleted."""

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.components import app_with
from tests.console.signing_in import browser_of


def test_a_key_and_values_are_stored_and_never_shown_again(shared_service: Service) -> None:
    _, (component,) = app_with(shared_service, "key-stored", "subscription")
    path = f"{component}/test-settings"
    browser = browser_of(shared_service, "partner")
    assert "No key is stored" in browser.open(path).words
    fields = {"key": "acme-secret-key", "value.region": "EU", "value.project": "hush-hush", "ends_at": ""}
    assert browser.post(path, None, **fields).headers["Location"] == path
    page = browser.open(path)
    assert "A key is stored" in page.words
    assert "Region, Project" in page.words
    assert "acme-secret-key" not in page.answer.text
    assert "hush-hush" not in page.answer.text
    shown = shared_service.partner("GET", f"/v1{path}").json()
    assert [one["given"] for one in shown["settings"]] == [True, True]
    removed = browser.post(f"{path}/remove")
    assert removed.headers["Location"] == path
    assert shared_service.partner("GET", f"/v1{path}").json()["ends_at"] is None


def test_every_refusal_stands_beside_its_field_and_what_was_typed_is_kept(shared_service: Service) -> None:
    _, (component,) = app_with(shared_service, "key-refused", "subscription")
    path = f"{component}/test-settings"
    browser = browser_of(shared_service, "partner")
    for fields, name, said in (
        ({"key": "", "value.region": "EU"}, "key", "Enter the API key."),
        ({"key": "k", "value.region": ""}, "value.region", "Region is required."),
        ({"key": "k", "value.region": "moon"}, "value.region", "must be one of: EU, US"),
        ({"key": "k", "value.region": "EU", "ends_at": "soon"}, "ends_at", "like 2026-11-02"),
        ({"key": "k", "value.region": "EU", "ends_at": "2001-01-01"}, "ends_at", "within 366 days"),
    ):
        answer = browser.post(path, None, **fields)
        page = Page(answer.url, answer)
        assert answer.status_code == 422, fields
        assert said in page.tree.xpath("string(//*[@id=$id])", id=f"{name}-error"), fields
        assert page.tree.xpath("string(//input[@id='key']/@value)") == fields["key"]
    assert shared_service.partner("GET", f"/v1{path}").json()["ends_at"] is None


def test_numbers_and_choices_are_stored_as_what_they_are(shared_service: Service) -> None:
    app, _ = app_with(shared_service, "key-types")
    declared = [
        {"name": "depth", "label": "Depth", "type": "number"},
        {"name": "debug", "label": "Debug", "type": "boolean"},
    ]
    settings = {"url": "https://acme.example/hook", "event_types": ["delete"], "settings": declared}
    body = {"kind": "subscription", "subkind": "webhook", "name": "Hook", "settings": settings}
    component = f"{app}/components/{shared_service.partner('POST', f'/v1{app}/components', body).json()['id']}"
    browser = browser_of(shared_service, "partner")
    path = f"{component}/test-settings"
    wrong = browser.post(path, None, **{"key": "k", "value.depth": "many", "value.debug": "no"})
    assert "Depth must be a number." in wrong.text
    stored = browser.post(path, None, **{"key": "k", "value.depth": "-2.5", "value.debug": "no", "ends_at": ""})
    assert stored.status_code == 303, stored.text


def test_what_is_sent_no_events_has_no_test_key(shared_service: Service) -> None:
    _, (stream, plugin) = app_with(shared_service, "key-none", "stream", "plugin")
    browser = browser_of(shared_service, "partner")
    assert [browser.open(f"{one}/test-settings").answer.status_code for one in (stream, plugin)] == [404, 404]
