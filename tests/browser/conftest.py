"""The browser, one for each process of the run, and its pages, one for each test."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.opening import Opened

FAILURES: Final = Path(__file__).parents[2] / ".browser-failures"
"""Where a test that fails leaves its page: a picture and the HTML, in a folder of its own."""
_OPENED: Final = pytest.StashKey[Opened]()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium. It ends with its module: until then no other test of the process could run an event loop."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(chromium.NODE)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), env=chromium.environment()
        )
        yield made
        made.close()


@pytest.fixture
def has_scripts() -> bool:
    """Whether the pages of this test run scripts. A test without them is parametrized with `has_scripts` False."""
    return True


@pytest.fixture
def opened(browser: Browser, has_scripts: bool, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Opens pages in a browser of this test's own. A complaint in the console of any of its windows fails the test."""
    with new_window(browser, has_scripts=has_scripts) as made, watched(made, request.node):
        yield made


@contextmanager
def new_window(browser: Browser, *, has_scripts: bool = True) -> Iterator[Opened]:
    """Yields a window whose browser shares nothing with others. Fails if it complains while it is closed."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        locale="en-GB",
        timezone_id="Europe/Berlin",
        java_script_enabled=has_scripts,
    )
    context.set_default_timeout(20_000)
    made = Opened(context.new_page())
    try:
        yield made
    finally:
        context.close()
    assert made.complaints == []


@contextmanager
def watched(window: Opened, item: pytest.Item) -> Iterator[None]:
    """Fails if any window of this browser has complained when the block ends. If the test fails, its page is kept."""
    item.stash[_OPENED] = window
    yield
    complaints, window.complaints[:] = list(window.complaints), []
    assert complaints == [], window.keep(folder_of(item))


def folder_of(item: pytest.Item) -> Path:
    """Returns the folder in which this test leaves its page if it fails."""
    return FAILURES / re.sub(r"[^\w.-]+", "-", item.nodeid.removeprefix("tests/browser/"))[:150]


@pytest.fixture
def page(opened: Opened) -> Page:
    """A page in a window of this test's own."""
    return opened.page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the page of a test that fails, and shows its words and its HTML in the report."""
    report = yield
    opened = item.stash.get(_OPENED, None)
    if call.when == "call" and report.failed and opened is not None:
        report.sections.append((f"the page at {opened.page.url}", opened.keep(folder_of(item))))
    return report
