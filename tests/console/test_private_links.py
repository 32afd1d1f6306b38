"""Private links of an App: made, shown once, listed and revoked."""

import requests

from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.apps import new_app
from tests.console.signing_in import browser_of
from tests.factories import app_in


def test_a_link_is_made_and_shown_once_and_revoked(shared_service: Service) -> None:
    path = new_app(shared_service, "acme-links").removeprefix(shared_service.url) + "/links"
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    fields = dict(page.tree.xpath("//form")[1].form_values()) | {"days": "30"}
    made, again = (Page(path, browser.post(path, **fields)) for _ in range(2))
    address = made.tree.xpath("string(//*[@id='address'])")
    assert again.tree.xpath("string(//*[@id='address'])") == address, "the same form sent twice makes one link"
    token = address.rpartition("/preview/")[2]
    preview = f"{shared_service.url}/v1/previews/{token}"
    assert requests.get(preview, timeout=20).status_code == 200
    listed = browser.open(path)
    assert token not in listed.answer.text
    (revoke,) = listed.tree.xpath("//form[contains(@action, '/revoke')]/@action")
    for _ in range(2):
        assert browser.post(revoke).status_code == 303
    assert requests.get(preview, timeout=20).status_code == 404
    assert "Revoked" in browser.open(path).words


def test_more_links_than_may_be_are_refused_in_words(shared_service: Service) -> None:
    path = new_app(shared_service, "acme-linked").removeprefix(shared_service.url) + "/links"
    for _ in range(20):
        shared_service.partner("POST", f"/v1{path.removesuffix('/links')}/previews", {"days": 1})
    browser = browser_of(shared_service, "partner")
    refused = Page(path, browser.post(path, days="1", key="a-key-of-this-form"))
    assert (refused.answer.status_code, "Revoke one first." in refused.words) == (409, True)
    wrong = Page(path, browser.post(path, days="400", key="another-key-of-it"))
    assert wrong.tree.xpath("//*[@id='days-error']")


def test_a_suspended_app_has_none_and_no_button(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "unlinked", AppState.SUSPENDED)
    page = browser_of(shared_service, "partner").open("/apps/unlinked/links")
    assert page.tree.xpath("//main//form") == []
    assert "once it is reinstated" in page.words
