"""Every page, for everybody: with a screen reader, by keyboard, in the dark and on a narrow screen."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.running import Service
from tests.browser.heard import HEARD
from tests.browser.opening import Opened, problems_of
from tests.console.addresses import every_address

ADDRESSES = every_address()
PICTURES = Path(os.environ["DEVCENTER_SCREENSHOTS"]) if "DEVCENTER_SCREENSHOTS" in os.environ else None
"""Where `make screenshots` has pictures of the pages."""


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """The cookies of each role whose person has signed in."""
    return {}


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_can_be_used_by_everybody(
    shared_service: Service, opened: Opened, sessions: dict[str, Any], name: str
) -> None:
    address = ADDRESSES[name]
    if address.role in sessions:
        opened.page.context.add_cookies(sessions[address.role])
    elif address.role is not None:
        opened.sign_in(shared_service, address.role)
        sessions[address.role] = opened.page.context.cookies()
    opened.page.goto(address.of(shared_service))
    if PICTURES is not None:
        opened.picture(PICTURES / name)
    if name in HEARD:
        expect(opened.page.locator("main")).to_match_aria_snapshot(HEARD[name])
    assert problems_of(opened.page) == []
    usable = _what_can_be_used(opened.page)
    assert _where_the_keyboard_leads(opened.page, usable + 1) == usable


def test_every_page_of_which_it_is_said_what_is_heard_is_one() -> None:
    assert sorted(HEARD.keys() - ADDRESSES.keys()) == []


def _what_can_be_used(page: Page) -> int:
    """Returns how many links, buttons and fields the page has. Of those that choose one, the keyboard leads to one."""
    usable = "a[href], button, input:not([type=hidden], [type=radio]), select, textarea, summary, [tabindex='0']"
    choices = page.evaluate(
        "() => new Set([...document.querySelectorAll('[type=radio]')].map(one => `${one.form?.id} ${one.name}`)).size"
    )
    return page.locator(usable).locator("visible=true").count() + int(choices)


def _where_the_keyboard_leads(page: Page, presses: int) -> int:
    """Returns how many elements the key Tab leads to from the beginning of the page, pressed as often as told.

    Goes on as long as it leads to further ones.
    """
    page.evaluate(
        "() => { document.activeElement?.blur(); window.scrollTo(0, 0); window.led = new Set();"
        " document.addEventListener('focusin', event => window.led.add(event.target)); }"
    )
    led = -1
    while led != (led := int(page.evaluate("() => window.led.size"))):
        for _ in range(presses):
            page.keyboard.press("Tab")
        presses = 3
    return led
