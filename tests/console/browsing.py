"""Opening pages and pressing their buttons as a browser does, without a browser: the pages have no script."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin

import requests
from lxml import html

FROM_THE_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Page:
    """A page that was opened. Its elements are read once: change none of them."""

    url: str
    answer: requests.Response

    @cached_property
    def tree(self) -> html.HtmlElement:
        """The page's elements."""
        return html.document_fromstring(self.answer.content)

    @property
    def heading(self) -> str:
        """The words of the page's one heading of the first level."""
        (heading,) = self.tree.xpath("//h1")
        return " ".join(heading.text_content().split())

    @property
    def words(self) -> str:
        """All words of the page's main part."""
        (main,) = self.tree.xpath("//main")
        return " ".join(main.text_content().split())

    def press(self, headers: dict[str, str] | None = None, **filled: str) -> "Page":
        """Sends the one form of the page's main part with its button, from the page unless `headers` say otherwise."""
        (form,) = self.tree.xpath("//main//form")
        fields = dict(form.form_values()) | filled
        url = urljoin(self.url, form.action or self.url)
        answer = requests.post(url, data=fields, headers=FROM_THE_PAGE if headers is None else headers, timeout=20)
        return Page(url, answer)


def opened(url: str) -> Page:
    """Returns the page at `url`."""
    return Page(url, requests.get(url, timeout=20))
