"""Opening the pages that mails link to, and pressing their buttons, as people do in a browser."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from lxml import html

from cli.mistakes import Mistake

ANSWER_SECONDS = 35


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened, and its elements."""

    url: str
    tree: Any

    def press(self) -> "Opened":
        """Presses the button of the page's one form and returns the page that follows. Raises Mistake."""
        if len(self.tree.forms) != 1:
            raise Mistake(f"The page {self.url} has no button: {self.words}", "Read the mail with `devcenter mail`.")
        (form,) = self.tree.forms
        with _browser() as browser:
            return _page(browser.post(urljoin(self.url, form.action or self.url), data=dict(form.form_values())))

    @property
    def words(self) -> str:
        """The words of the page's main part."""
        return " ".join(self.tree.xpath("string(//main)").split())

    @property
    def heading(self) -> str:
        """The page's heading."""
        return " ".join(self.tree.xpath("string(//h1)").split())

    def value(self, element_id: str) -> str:
        """Returns the words of one element. Raises Mistake if the page does not have it."""
        found = str(self.tree.xpath("string(//*[@id=$id])", id=element_id)).strip()
        if not found:
            raise Mistake(
                f"The page {self.url} does not show what was expected: {self.words}", "Look at the API's log."
            )
        return found


def open_page(url: str) -> Opened:
    """Returns the page at `url`. Raises Mistake."""
    with _browser() as browser:
        return _page(browser.get(url))


class _Browser(requests.Session):
    """Says of its requests what a browser says of those that a page of the same site makes."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Sec-Fetch-Site"] = "same-origin"

    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        return super().request(*arguments, **{"timeout": ANSWER_SECONDS, **named})


def _browser() -> requests.Session:
    return _Browser()


def _page(answer: requests.Response) -> Opened:
    page = Opened(answer.url, html.document_fromstring(answer.content))
    if not answer.ok:
        raise Mistake(f"{answer.url} was answered with {answer.status_code}: {page.words}", "Look at the API's log.")
    return page
