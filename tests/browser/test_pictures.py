"""A partner uploads a picture, sees it, and chooses it for the catalog, in a real browser that runs no scripts."""

import pytest
from playwright.sync_api import expect

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.pages.apps import new_app
from tests.launch import FOLDER


@pytest.mark.parametrize("has_scripts", [False])
def test_a_picture_is_uploaded_and_chosen_without_scripts(shared_service: Service, opened: Opened) -> None:
    opened.sign_in(shared_service, "partner")
    page, app = opened.page, new_app(shared_service, "acme-drawn-by-hand")
    page.goto(f"{app}/pictures")
    for label, file in (("A logo", "logo.svg"), ("A screenshot", "screenshot.png")):
        page.get_by_label(label, exact=True).set_input_files(FOLDER / file)
        page.locator("form", has=page.get_by_label(label, exact=True)).get_by_role("button", name="Upload").click()
    expect(page.get_by_role("main").get_by_role("img")).to_have_count(2)
    page.goto(f"{app}/checklist/catalog_details")
    page.get_by_label("Text of the entry").fill("Charts that a whole team reads together, from its own events.")
    page.get_by_label("Place of screenshot 1").select_option("1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Acme Charts", level=1)).to_be_visible()
    page.goto(f"{app}/pictures")
    expect(page.get_by_text("The catalog shows it as screenshot 1.")).to_be_visible()
    assert page.evaluate("() => [...document.images].every(one => one.naturalWidth > 0)")
