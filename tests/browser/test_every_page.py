"""Every page, for everybody: with a screen reader, by keyboard, in the dark and on a narrow screen."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.running import Service
from tests.browser.chromium import AXE
from tests.browser.conftest import new_window, watched
from tests.browser.heard import HEARD
from tests.browser.opening import Opened, problems_of
from tests.console.prepared import PAGES, address_of

PICTURES = Path(os.environ["DEVCENTER_SCREENSHOTS"]) if "DEVCENTER_SCREENSHOTS" in os.environ else None
"""Where `make screenshots` has pictures of the pages."""


@pytest.fixture(scope="module")
def shown(request: pytest.FixtureRequest) -> Service:
    """The service whose pages are opened. Pictures of a page show what it needs itself, and not what others do."""
    made: Service = request.getfixturevalue("prepared_service" if PICTURES is None else "shared_service")
    return made


@pytest.fixture(scope="module")
def windows(browser: Browser, shown: Service) -> Iterator[Callable[[str | None], Opened]]:
    """Returns the window of the person of a role, who has signed in. It is the same one for all pages of the role."""
    with ExitStack() as closing:

        @cache
        def window(role: str | None) -> Opened:
            made = closing.enter_context(new_window(browser))
            if role is not None:
                made.sign_in(shown, role)
            made.page.add_init_script(path=AXE)
            return made

        yield window


@pytest.fixture
def opened(windows: Callable[[str | None], Opened], name: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """The window of the person whose page it is. A complaint in its console fails the test."""
    made = windows(PAGES[name].role)
    with watched(made, request.node):
        yield made


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody(shown: Service, opened: Opened, name: str) -> None:
    opened.page.goto(address_of(shown, name))
    if PICTURES is not None:
        opened.picture(PICTURES / name)
    if name in HEARD:
        expect(opened.page.locator("main")).to_match_aria_snapshot(HEARD[name])
    assert problems_of(opened.page) == []
    usable = _what_can_be_used(opened.page)
    assert _where_the_keyboard_leads(opened.page, usable + 1) == usable


def test_every_page_of_which_it_is_said_what_is_heard_is_one() -> None:
    assert sorted(HEARD.keys() - PAGES.keys()) == []


def _what_can_be_used(page: Page) -> int:
    """Returns how many links, buttons and fields the page has. Of those that choose one, the keyboard leads to one."""
    usable = "a[href], button, input:not([type=hidden], [type=radio]), select, textarea, summary, [tabindex='0']"
    choices = page.evaluate(
        "() => new Set([...document.querySelectorAll('[type=radio]')].map(one => `${one.form?.id} ${one.name}`)).size"
    )
    return page.locator(usable).locator("visible=true").count() + int(choices)


def _where_the_keyboard_leads(page: Page, presses: int) -> int:
    """Returns how many elements the key Tab leads to from the beginning of the page, held until it has come as often.

    Goes on as long as it leads to further ones.
    """
    page.evaluate(
        "() => { document.activeElement?.blur(); window.scrollTo(0, 0); window.led = new Set();"
        " document.addEventListener('focusin', event => window.led.add(event.target)); }"
    )
    led = -1
    while led != (led := int(page.evaluate("() => window.led.size"))):
        for _ in range(presses):
            page.keyboard.down("Tab")
        page.keyboard.up("Tab")
        presses = 3
    return led
