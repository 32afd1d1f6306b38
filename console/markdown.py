"""Partners' markdown as safe HTML: no raw HTML, no pictures, and links that lead only by https or to a mailbox.

Everything that a text is not trusted with is left out, and its words stay. What remains are elements of ALLOWED.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final
from unicodedata import category
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

ALLOWED: Final = frozenset(
    {
        *("a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong"),
        *("div", "table", "tbody", "td", "th", "thead", "tr", "ul"),
    }
)
"""The elements that a text can become. Of attributes there are those that this module writes, and an `ol`'s start."""
FIRST_HEADING: Final = 3
"""The level of a text's highest heading: the page has its own of the first two."""
MAX_NESTING: Final = 20
REL: Final = "nofollow noopener"


def rendered(text: str | None) -> Markup:
    """Returns the text as HTML, nothing for None. Raises nothing, whatever the text is."""
    if not text:
        return Markup("")
    tokens = _without_empty_headings(list(_made_safe(_PARSER.parse(text))))
    _level_headings(tokens)
    return Markup(_PARSER.renderer.render(tokens, _PARSER.options, {}))  # noqa: S704 - made of ALLOWED only


def may_link(target: str | None) -> bool:
    """Returns whether a page may link to what a partner gave: by https or to a mailbox, as a browser reads it too."""
    if not target or any(one.isspace() or one == "\\" or category(one) in ("Cc", "Cf") for one in target):
        return False
    try:
        parts = urlsplit(target)
        if parts.scheme == "mailto":
            return "@" in parts.path
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


class _Parser(MarkdownIt):
    """Takes every link. `_made_safe` leaves out those that a page may not have, and keeps their words."""

    def validateLink(self, _url: str) -> bool:  # the library's name
        """Returns True."""
        return True


_PARSER: Final = _Parser("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])


def _made_safe(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yields the tokens without what a text is not trusted with, and tables in a part that can be scrolled."""
    for token in tokens:
        token.attrs = _kept(token)
        token.info = ""  # the language of a code block would become a class
        if token.children is not None:
            token.children = list(_safe_words(token.children))
        if token.type == "table_open":
            attrs: dict[str, Any] = {"class": "table", "role": "group", "aria-label": "Table", "tabindex": "0"}
            yield Token("scrolled_open", "div", 1, attrs=attrs, block=True)
        yield token
        if token.type == "table_close":
            yield Token("scrolled_close", "div", -1, block=True)


def _safe_words(tokens: Iterable[Token]) -> Iterator[Token]:
    is_link, has_words, target = False, False, ""
    for token in tokens:
        if token.type == "link_open":
            target, has_words = str(token.attrs.get("href", "")), False
            is_link, token.attrs = may_link(target), {"href": target, "rel": REL}
        elif token.type == "image":
            token = Token("text", "", 0, content=token.content)  # its description
        else:
            token.attrs = {}
        if token.type == "link_close" and is_link and not has_words:
            yield Token("text", "", 0, content=target)
        if is_link or token.type not in ("link_open", "link_close"):
            yield token
        has_words |= bool(token.content.strip())
        if token.type == "link_close":
            is_link = False


def _without_empty_headings(tokens: list[Token]) -> list[Token]:
    empty = {
        place
        for place, (first, words) in enumerate(pairwise(tokens))
        if first.type == "heading_open" and not any(one.content.strip() for one in words.children or ())
    }
    return [token for place, token in enumerate(tokens) if empty.isdisjoint((place, place - 1, place - 2))]


def _kept(token: Token) -> dict[str, Any]:
    return {name: value for name, value in token.attrs.items() if (token.tag, name) == ("ol", "start")}


def _level_headings(tokens: Iterable[Token]) -> None:
    """Sets the levels of the headings: from FIRST_HEADING on, none left out on the way down."""
    above: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            given = int(token.tag[1])
            above = [*(one for one in above if one < given), given]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(FIRST_HEADING - 1 + len(above), 6)}"
