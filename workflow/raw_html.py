"""Reading the raw HTML that stands in markdown: its links, pictures and words, and whether it can run something."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from unicodedata import category

from lxml import etree

NO_WORD = "\ufffc"
"""Stands in a text's words for what is no word: code, a picture, an escaped character."""
SCHEMES_THAT_RUN = ("javascript", "vbscript", "data")

_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)")


@dataclass(slots=True)
class RawHtml:
    """What raw HTML holds."""

    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    runs: bool = False
    words: str = ""


def is_tag(content: str) -> bool:
    """Returns whether `content`, which has the form of a tag, is one: `<y and y>` in "x<y and y>z" is none.

    What no element is called, or could as well be a variable, is a tag only if it has values of attributes.
    """
    named = _TAG_NAME.match(content)
    if named is None or "=" in content:
        return True
    name = named[1].lower()
    if len(name) == 1 and not content.startswith("</"):
        return name in _ELEMENTS and content[2:].strip(" \t\n/>") == ""
    return name in _ELEMENTS


def without_blanks(text: str) -> str:
    """Returns the text without blanks, control and format characters, which browsers drop from addresses."""
    return "".join(letter for letter in text if not letter.isspace() and category(letter) not in ("Cc", "Cf"))


def read_html(content: str) -> RawHtml:
    """Returns what the HTML holds; what cannot be parsed counts as HTML that runs something. Raises nothing."""
    parser = etree.HTMLParser(target=_Target(), encoding="utf-8", huge_tree=True)
    try:
        parser.feed(content.encode(errors="replace"))
        read = parser.close()
    except etree.LxmlError:
        return RawHtml(runs=True)
    return read if isinstance(read, RawHtml) else RawHtml()


class _Target:
    """A target for the events of an HTML parser, which therefore builds no tree."""

    def __init__(self) -> None:
        self._found = RawHtml()
        self._words: list[str] = []
        self._code = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._code += tag in _CODE_ELEMENTS
        self._found.runs |= tag in _ELEMENTS_THAT_RUN
        for name, value in attributes.items():
            self._take(tag, name, value or "")

    def _take(self, tag: str, name: str, value: str) -> None:
        name = name.lower()
        if name.startswith("on") or name in _ATTRIBUTES_THAT_RUN:
            self._found.runs = True
        elif name == "srcset":
            self._found.pictures += [one.split()[0] for one in value.split(",") if one.strip()]
        elif name in _PICTURE_ATTRIBUTES and tag in _PICTURE_ELEMENTS:
            self._found.pictures.append(value.strip())
        elif name in _LINK_ATTRIBUTES or without_blanks(value).lower().startswith(_RUNNING):
            self._found.links.append(value.strip())

    def end(self, tag: str) -> None:
        self._code -= tag in _CODE_ELEMENTS

    def data(self, data: str) -> None:
        self._words.append(NO_WORD if self._code > 0 else data)

    def close(self) -> RawHtml:
        self._found.words = "".join(self._words)
        return self._found


_RUNNING = tuple(f"{scheme}:" for scheme in SCHEMES_THAT_RUN)
_CODE_ELEMENTS = frozenset({"code", "pre", "kbd", "samp", "script", "style", "textarea"})
_ELEMENTS_THAT_RUN = frozenset(
    {
        "applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link", "math", "meta",
        "object", "param", "portal", "script", "select", "style", "svg", "template", "textarea", "title", "xmp",
    }
)  # fmt: skip
_ATTRIBUTES_THAT_RUN = frozenset({"style", "srcdoc", "formaction", "action"})
_PICTURE_ELEMENTS = frozenset({"audio", "img", "image", "source", "track", "video"})
_PICTURE_ATTRIBUTES = frozenset({"src", "poster", "href", "xlink:href", "lowsrc", "dynsrc"})
_LINK_ATTRIBUTES = frozenset(
    {"href", "src", "xlink:href", "background", "cite", "longdesc", "data", "ping", "manifest", "codebase", "usemap"}
)
_ELEMENTS = _ELEMENTS_THAT_RUN | frozenset(
    {
        "a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b", "bdi", "bdo", "big", "blink",
        "blockquote", "body", "br", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
        "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "font",
        "footer", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "image", "img",
        "ins", "kbd", "label", "legend", "li", "main", "map", "mark", "marquee", "menu", "meter", "nav", "nobr",
        "noscript", "ol", "optgroup", "option", "output", "p", "picture", "pre", "progress", "q", "rp", "rt", "ruby",
        "s", "samp", "search", "section", "slot", "small", "source", "span", "strike", "strong", "sub", "summary",
        "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "track", "tt", "u", "ul", "var", "video",
        "wbr",
    }
)  # fmt: skip
"""The elements of HTML, by the standard's list and what browsers still know besides."""
