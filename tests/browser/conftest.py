"""The browser, one for each process of the run, and its pages, one for each test."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.opening import Opened

FAILURES: Final = Path(__file__).parents[2] / ".browser-failures"
"""Where a test that fails leaves its page: a picture and the HTML."""
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
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Opens pages in a window of this test's own. Whatever a page complains of in its console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(20_000)
    made = Opened(context.new_page())
    request.node.stash[_OPENED] = made
    yield made
    complaints = made.complaints
    context.close()
    assert complaints == []


@pytest.fixture
def page(opened: Opened) -> Page:
    """A page in a window of this test's own."""
    return opened.page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the page of a test that fails, and shows its words in the report."""
    report = yield
    opened = item.stash.get(_OPENED, None)
    if call.when == "call" and report.failed and opened is not None:
        kept = FAILURES / item.name.replace("/", "_")[:100]
        report.sections.append((f"the page at {opened.page.url}", opened.keep(kept)))
    return report
