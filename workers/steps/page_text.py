"""The words and the links of an HTML page from an untrusted source, in time linear in the page's length."""

from dataclasses import dataclass

from lxml import etree

_HIDDEN = frozenset({"script", "style", "template", "noscript"})


@dataclass(frozen=True, slots=True)
class PageText:
    """The visible text of a page (`words`, with single spaces) and its links' href attributes as they are written."""

    words: str
    links: tuple[str, ...]


def read_html(html: str) -> PageText:
    """Returns the page's words and links, none if it cannot be parsed as HTML. Raises nothing."""
    # Bytes, because lxml refuses a string that declares its own encoding.
    taken = html.encode(errors="replace")
    # A parser target receives events, so no tree is built and deep nesting does no harm.
    parser = etree.HTMLParser(target=_Target(), encoding="utf-8", huge_tree=True)
    try:
        parser.feed(taken)
        read = parser.close()
    except etree.LxmlError:
        return PageText("", ())
    return read if isinstance(read, PageText) else PageText("", ())


class _Target:
    """A target for the parser's events. A tag separates words, so that two paragraphs do not become one word."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._links: list[str] = []
        self._hidden = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._hidden += tag in _HIDDEN
        self._parts.append(" ")
        if tag == "a" and attributes.get("href"):
            self._links.append(attributes["href"])

    def end(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN
        self._parts.append(" ")

    def data(self, data: str) -> None:
        if self._hidden <= 0:
            self._parts.append(data)

    def close(self) -> PageText:
        return PageText(" ".join("".join(self._parts).split()), tuple(self._links))
