"""The pages that most people see: with text of twice the size, on paper, and as a screen reader names them."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.prepared import PAGES, address_of

MAIN = ("sign_in-form", "apps-own", "app-under-review", "checklist-app-info-given", "reviews-queue", "review-first")


def show(service: Service, opened: Opened, name: str) -> Page:
    """Opens the page as whoever it is for."""
    role = PAGES[name].role
    if role is not None:
        opened.sign_in(service, role)
    opened.page.goto(address_of(service, name))
    return opened.page


@pytest.mark.parametrize("name", MAIN)
def test_text_of_twice_the_size_and_paper_need_no_scrolling_sideways(
    shared_service: Service, opened: Opened, name: str
) -> None:
    page = show(shared_service, opened, name)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})  # A4 with its margins
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


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
