"""A page in a browser, signing in to it, and what must be true of every page."""

import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import ConsoleMessage, Error, Page, ViewportSize

from tests.api.running import Service
from tests.browser.chromium import AXE
from tests.console.signing_in import link_of

NARROW_WINDOW: Final[ViewportSize] = {"width": 320, "height": 640}
"""The narrowest window in CSS pixels in which a page needs no horizontal scrolling (WCAG 1.4.10)."""
PAPER: Final[ViewportSize] = {"width": 720, "height": 1000}
"""A4 in CSS pixels, without its margins."""
SHOWN: Final = 40_000
"""Of the HTML of a page at which a test fails, the characters that the report shows."""
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_STATUS_OF_THE_PAGE: Final = "Failed to load resource: the server responded with a status of 4"
_RUN_AXE: Final = """
async (only) => {
    const found = await axe.run(document, {
        runOnly: only, resultTypes: ['violations', 'incomplete'], preload: false,
    });
    const said = (kind, rule) => rule.nodes.map(node => `${kind} ${rule.id}: ${node.target.join(' ')}: ${node.html}`);
    return [
        ...found.violations.flatMap(rule => said('violation', rule)),
        ...found.incomplete.filter(rule => rule.id === 'color-contrast').flatMap(rule => said('incomplete', rule)),
    ];
}
"""
_UNNAMED: Final = re.compile(r"^ *- (?:link|button|textbox|combobox|listbox|checkbox|radio|img)(?: \[[^]]*\])*:?$")
"""A line of an ARIA snapshot that tells of an element without its name."""
_WIDER_THAN_THE_WINDOW: Final = """
() => [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .filter(one => !one.closest('.table, pre') || one.matches('.table, pre'))
    .map(one => one.outerHTML.slice(0, 200))
"""


class Opened:
    """A page, and what all windows of its browser complain of: a violated policy, a script's error."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.context.on("console", self._hear)
        page.context.on("weberror", lambda found: self.complaints.append(str(found.error)))

    def sign_in(self, service: Service, role: str) -> None:
        """Signs the service's person of this role in, by a link and its button."""
        self.page.goto(link_of(service, getattr(service.people, role)))
        self.page.get_by_role("main").get_by_role("button").click()

    def keep(self, folder: Path) -> str:
        """Writes a picture and the HTML of the page into the folder. Returns its words, its HTML and where they are.

        Of a page that can no longer be read, returns why. Raises nothing: what made the test fail is to be seen.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            html = self.page.content()
            (folder / "page.html").write_text(html)
            self.page.screenshot(path=folder / "page.png", full_page=True)
            words = self.page.locator("body").aria_snapshot()
        except Error as error:
            return f"The page could not be kept in {folder}: {error}"
        return f"Its picture and its HTML are in {folder}\n\n{words}\n\n{html[:SHOWN]}"

    def picture(self, path: Path) -> None:
        """Writes pictures of the whole page: `path` with -light.png, -dark.png and, on a narrow screen, -narrow.png."""
        path.parent.mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.screenshot(path=path.with_name(f"{path.name}-{scheme}.png"), full_page=True)
        before: Any = self.page.viewport_size
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(NARROW_WINDOW)
        self.page.screenshot(path=path.with_name(f"{path.name}-narrow.png"), full_page=True)
        self.page.set_viewport_size(before)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_STATUS_OF_THE_PAGE):
            self.complaints.append(message.text)


def problems_of(page: Page) -> list[str]:
    """Returns what is wrong with the page for people who see, hear, read or use it otherwise than most.

    Axe is brought to a page that does not have it. Windows, colours and the size of text are then as before.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    before: Any = page.viewport_size
    try:
        found = [f"light: {one}" for one in page.evaluate(_RUN_AXE, list(RULES))]
        heard = page.locator("body").aria_snapshot().splitlines()
        found += [f"has no name for a screen reader: {line.strip()}" for line in heard if _UNNAMED.match(line)]
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        found += _wider(page, "the window, with text of twice the size")
        page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {one}" for one in page.evaluate(_RUN_AXE, {"type": "rule", "values": ["color-contrast"]})]
        page.emulate_media(color_scheme="light", media="print")
        page.set_viewport_size(PAPER)
        found += _wider(page, "paper")
        page.emulate_media(media="screen")
        page.set_viewport_size(NARROW_WINDOW)
        return found + _wider(page, "a narrow window")
    finally:
        page.emulate_media(color_scheme="light", media="screen")
        page.set_viewport_size(before)


def _wider(page: Page, than: str) -> list[str]:
    if page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
        return []
    wider = page.evaluate(_WIDER_THAN_THE_WINDOW)
    return [f"wider than {than}: {one}" for one in wider] or [f"scrolls sideways: wider than {than}"]
