"""What people come for, in a browser that runs no scripts."""

import pytest
from playwright.sync_api import expect

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.browser.test_reviewing_by_keyboard import asked_on, prepared

pytestmark = pytest.mark.parametrize("has_scripts", [False])


def test_a_review_is_claimed_and_decided(shared_service: Service, opened: Opened) -> None:
    path = prepared(shared_service, "without-scripts")
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(f"{shared_service.url}{path}")
    page.get_by_role("button", name="Claim this review").click()
    while left := page.locator("[data-todo]").count():
        page.locator("[data-todo]").get_by_role("button", name="Pass").first.click()
        expect(page.locator("[data-todo]")).to_have_count(left - 1)
    page.get_by_label("In your own words").fill("Thank you.")
    page.get_by_role("button", name="Keep it as a draft").click()
    expect(page.get_by_label("In your own words")).to_have_value("Thank you.")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    assert asked_on(shared_service)["without-scripts"] == "approve"


def test_an_app_is_created(shared_service: Service, opened: Opened) -> None:
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}/new-app")
    page.get_by_label("Name", exact=True).fill("Plain Charts")
    page.get_by_label("Name in addresses").fill("Not a slug")
    page.get_by_role("button", name="Create the App").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Plain Charts")
    page.get_by_label("Name in addresses").fill("plain-charts")
    page.get_by_role("button", name="Create the App").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Plain Charts")
