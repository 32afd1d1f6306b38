"""The declarations of an HTML page that steer its reading: its charset, its base URL and its refresh."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

MAX_HEAD_CHARACTERS: Final = 256 * 1024
"""How much of a page is searched for its declarations, which stand near its beginning."""
MAX_DECLARATION: Final = 8 * 1024
"""The longest attribute that is read."""
_INERT: Final = frozenset({"noscript", "template", "svg", "math"})
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class Head:
    """The first declaration of each sort, as it is written, or None. `charsets` has all, because some are unknown."""

    charsets: tuple[str, ...] = ()
    base: str | None = None
    refresh: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """A declarative refresh: the delay in seconds and the URL, which is empty for the page itself."""

    seconds: int
    url: str


def read_head(html: str) -> Head:
    """Returns the declarations of a page. What is in <noscript>, <template> or a comment declares nothing."""
    target = _Target()
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    try:
        parser.feed(html[:MAX_HEAD_CHARACTERS].encode(errors="replace"))
        parser.close()
    except etree.LxmlError:
        return Head()
    return Head(tuple(target.charsets), target.base, target.refresh)


def read_refresh(content: str) -> Refresh | None:
    """Returns the refresh that `content` of a <meta> or of a Refresh header asks for, as the HTML standard reads it."""
    text = content[:MAX_DECLARATION].lstrip()
    rest = text.lstrip(_DIGITS)
    digits = text[: len(text) - len(rest)]
    if not digits and not rest.startswith("."):
        return None
    seconds = min(int(digits[:9] or "0"), 10**9)
    rest = rest.lstrip(_DIGITS + ".")
    if rest and not rest[0].isspace() and rest[0] not in ";,":
        return None
    rest = rest.lstrip()
    rest = rest.removeprefix(rest[:1]).lstrip() if rest[:1] in (";", ",") else rest
    if rest[:3].lower() == "url" and rest[3:].lstrip().startswith("="):
        rest = rest[3:].lstrip()[1:].lstrip()
    if rest[:1] in ('"', "'"):
        rest = rest[1:].partition(rest[0])[0]
    return Refresh(seconds, rest.strip())


class _Target:
    def __init__(self) -> None:
        self.charsets: list[str] = []
        self.base: str | None = None
        self.refresh: str | None = None
        self._inert = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._inert += tag in _INERT
        if tag == "meta":
            self._meta(attributes)
        elif tag == "base" and self.base is None and not self._inert:
            self.base = attributes.get("href")

    def _meta(self, attributes: dict[str, str]) -> None:
        said = attributes.get("http-equiv", "").strip().lower()
        content = attributes.get("content", "")[:MAX_DECLARATION]
        if "charset" in attributes:
            self.charsets.append(attributes["charset"])
        elif said == "content-type":
            self.charsets.append(_charset_in(content))
        elif said == "refresh" and self.refresh is None and not self._inert:
            self.refresh = content

    def end(self, tag: str) -> None:
        self._inert -= tag in _INERT

    def data(self, data: str) -> None:
        """Ignores text."""

    def close(self) -> None:
        """Returns nothing: the attributes are the result."""


def _charset_in(content: str) -> str:
    """Returns the charset of a Content-Type that a <meta> repeats, or an empty text."""
    _, _, rest = content.lower().partition("charset")
    rest = rest.lstrip()
    if not rest.startswith("="):
        return ""
    rest = rest[1:].lstrip()
    if rest[:1] in ('"', "'"):
        return rest[1:].partition(rest[0])[0]
    return rest.partition(";")[0].split(maxsplit=1)[0] if rest.strip() else ""
