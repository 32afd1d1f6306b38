"""The words and the links of a page that a partner wrote: in time that grows with its length, whatever it says."""

from dataclasses import dataclass

from lxml import etree

_HIDDEN = frozenset({"script", "style", "template", "noscript"})


@dataclass(frozen=True, slots=True)
class PageText:
    """What a reader of the page sees (`words`, with single spaces) and where its links lead, as they are written."""

    words: str
    links: tuple[str, ...]


def read_html(html: str) -> PageText:
    """Returns the page's words and links; nothing of what cannot be read as HTML. Raises nothing."""
    # Bytes, since lxml refuses a text that declares an encoding of its own. What cannot be encoded is no word.
    taken = html.encode(errors="replace")
    # The target takes what is read as it comes: no tree is built, so no depth of nesting ends the reading.
    parser = etree.HTMLParser(target=_Target(), encoding="utf-8", huge_tree=True)
    try:
        parser.feed(taken)
        read = parser.close()
    except etree.LxmlError:
        return PageText("", ())
    return read if isinstance(read, PageText) else PageText("", ())


class _Target:
    """Takes the parser's events. A tag parts words: two paragraphs are not one word."""

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
