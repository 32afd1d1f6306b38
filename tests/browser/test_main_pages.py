"""The pages that most people see, as a screen reader tells of them."""

from playwright.sync_api import Page, expect

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.prepared import PAGES, address_of


def show(service: Service, opened: Opened, name: str) -> Page:
    """Opens the page as whoever it is for."""
    role = PAGES[name].role
    if role is not None:
        opened.sign_in(service, role)
    opened.page.goto(address_of(service, name))
    return opened.page


def test_a_screen_reader_hears_what_the_queue_has(shared_service: Service, opened: Opened) -> None:
    address_of(shared_service, "review-first")
    page = show(shared_service, opened, "reviews-queue")
    expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - navigation "Pages":
            - list:
              - listitem:
                - link "Reviews"
        - main:
          - heading "Reviews" [level=1]
          - button "Take the next review"
    """)


def test_a_screen_reader_hears_how_to_sign_in(shared_service: Service, opened: Opened) -> None:
    page = show(shared_service, opened, "sign_in-form")
    expect(page.locator("main")).to_match_aria_snapshot("""
        - main:
          - heading /Sign in/ [level=1]
          - textbox
          - button
    """)
