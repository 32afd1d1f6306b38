"""The browser's own time zone is proposed, and one click chooses it."""

from playwright.sync_api import expect

from tests.api.running import Service
from tests.browser.opening import Opened


def test_the_zone_of_the_browser_is_proposed_and_chosen_by_one_click(shared_service: Service, opened: Opened) -> None:
    opened.sign_in(shared_service, "partner")
    opened.page.goto(f"{shared_service.url}/settings")
    expect(opened.page.get_by_text("Your browser is in Europe/Berlin.")).to_be_visible()
    opened.page.get_by_role("button", name="Use that").click()
    expect(opened.page.get_by_text("Times are shown in Europe/Berlin")).to_be_visible()
    expect(opened.page.get_by_role("button", name="Use that")).to_be_hidden()
    expect(opened.page.get_by_label("Your time zone")).to_have_value("Europe/Berlin")
