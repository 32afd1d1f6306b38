"""What readers see of an HTML page from an untrusted source, in time linear in the page's length.

Readers see what a browser draws: neither comments, scripts, templates and <noscript>, nor what a style hides. What is
hidden is kept apart, because a script may show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from workers.steps.names import EDGE
from workers.steps.visibility import (
    StyleSheet,
    effects_of_attributes,
    effects_of_style,
    read_sheets,
)

MAX_HEADINGS: Final = 10
MAX_HEADING: Final = 300
MAX_LINK_TEXT: Final = 100
MAX_NOTED: Final = 4_000
"""How much is kept of what is not shown but tells what sort of page it is, in characters."""

_ABSENT: Final = frozenset(
    {"script", "style", "template", "noscript", "iframe", "noembed", "noframes", "audio", "video", "canvas", "datalist"}
)
"""Elements whose content a browser with scripts does not draw."""
_FORMATTING: Final = frozenset(
    {"b", "i", "em", "strong", "u", "s", "mark", "font", "big", "small", "wbr", "tt", "strike", "nobr"}
)
"""Elements that change how letters look: the letters on both sides of their edges are one word."""
_INLINE: Final = _FORMATTING | {
    *("a", "abbr", "acronym", "bdi", "bdo", "blink", "cite", "code", "data", "del", "dfn", "ins", "kbd", "label"),
    *("output", "q", "ruby", "rb", "samp", "span", "sub", "sup", "time", "var"),
}
"""Elements that begin no new line, as elements of a name with a hyphen do not either."""
_PICTURES: Final = frozenset(
    {"img", "svg", "video", "canvas", "picture", "object", "iframe", "input", "button", "embed"}
)
_ASIDE: Final = frozenset({"rt", "rp"})
_LABELS: Final = ("title", "aria-label", "placeholder", "label")
_SUMMARIES: Final = frozenset(
    {"description", "og:title", "og:description", "og:site_name", "twitter:title", "application-name", "keywords"}
)
_MOUNTS: Final = frozenset(
    {"root", "app", "__next", "__nuxt", "___gatsby", "react-root", "main-app", "q-app", "svelte"}
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its href as it is written, whether a reader can see it, and the beginning of its text."""

    href: str
    is_seen: bool
    text: str = ""


@dataclass(slots=True)
class PageTraits:
    """What tells a page from something that stands in for it. Texts and lists are cut to a bounded length."""

    asks_password: bool = False
    asks_address: bool = False
    frames: int = 0
    scripts: int = 0
    has_mount: bool = False
    is_protected_post: bool = False
    body_classes: str = ""
    noscript: str = ""
    script: str = ""
    sources: str = ""


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text. In `seen` and `unseen`, lines are the page's blocks, and EDGE stands where elements meet.

    `headings` are those of the first rank, or
    else of the second. `labels` are tooltips and the like. `base` is the declared base URL.
    """

    title: str
    seen: str
    labels: str
    unseen: str
    headings: tuple[str, ...]
    links: tuple[Link, ...]
    base: str | None
    traits: PageTraits

    @property
    def words(self) -> str:
        """The words that a reader sees, the title first, with single spaces."""
        return " ".join(f"{self.title} {self.seen}".replace(EDGE, " ").split())


def read_html(html: str) -> PageText:
    """Returns what can be read of a page, nothing if it cannot be parsed as HTML. Raises nothing."""
    # Bytes, because lxml refuses a string that declares its own encoding.
    taken = html.encode(errors="replace")
    sheets = _Sheets()
    _parse(taken, sheets)
    target = _Target(read_sheets(sheets.texts))
    _parse(taken, target)
    return target.page()


def _parse(taken: bytes, target: "_Sheets | _Target") -> None:
    # A parser target receives events, so no tree is built and deep nesting does no harm.
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    try:
        parser.feed(taken)
        parser.close()
    except etree.LxmlError:
        return


def _single_spaced(data: str) -> str:
    """Returns a text on one line, with a space at an end if it has any there."""
    return " ".join(f"|{data.replace(EDGE, ' ')}|".split())[1:-1]


class _Sheets:
    """A target that collects the page's style sheets."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._is_within = False
        self._inert = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._inert += tag in ("template", "noscript")
        media = attributes.get("media", "").strip().lower() if tag == "style" else ""
        self._is_within = tag == "style" and not self._inert and media in ("", "all", "screen")

    def end(self, tag: str) -> None:
        self._inert -= tag in ("template", "noscript")
        self._is_within = False

    def data(self, data: str) -> None:
        if self._is_within:
            self.texts.append(data)

    def close(self) -> None:
        """Returns nothing: `texts` is the result."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open element. `absent`: never drawn. `gone`: hidden with all that it contains. `invisible`: by visibility."""

    tag: str
    absent: bool = False
    gone: bool = False
    invisible: bool = False
    in_svg: bool = False

    @property
    def is_seen(self) -> bool:
        return not (self.absent or self.gone or self.invisible)


@dataclass(slots=True)
class _Noted:
    """A text of bounded length."""

    parts: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, most: int = MAX_NOTED) -> None:
        if self.length < most:
            self.parts.append(text[: most - self.length])
            self.length += len(self.parts[-1])

    def text(self) -> str:
        return " ".join("".join(self.parts).split())


@dataclass(slots=True)
class _OpenLink:
    place: int
    href: str
    can_be_seen: bool
    has_content: bool = False
    text: _Noted = field(default_factory=_Noted)


class _Target:
    """A target for the parser's events."""

    def __init__(self, sheet: StyleSheet) -> None:
        self._sheet = sheet
        self._frames = [_Frame("")]
        self._seen: list[str] = []
        self._unseen: list[str] = []
        self._aside: list[str] = []
        self._labels: list[str] = []
        self._title = _Noted()
        self._headings: dict[str, list[_Noted]] = {"h1": [], "h2": []}
        self._open_heading: _Noted | None = None
        self._links: list[Link] = []
        self._open_links: list[_OpenLink] = []
        self._last = "text"
        self._traits = PageTraits()
        self._noscript, self._script, self._sources = _Noted(), _Noted(), _Noted()
        self._base: str | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        frame = self._opened(tag, attributes)
        self._frames.append(frame)
        self._part(tag, is_start=True)
        self._note(tag, attributes)
        if frame.absent and not self._frames[-2].absent:
            self._picture(tag, self._frames[-2])
        if frame.absent:
            return
        self._picture(tag, frame)
        self._show(tag, attributes, frame)
        if tag in ("a", "area"):
            self._begin_link(tag, attributes, frame)
        if tag in self._headings and frame.is_seen and len(self._headings[tag]) < MAX_HEADINGS:
            self._open_heading = _Noted()
            self._headings[tag].append(self._open_heading)

    def end(self, tag: str) -> None:
        if len(self._frames) > 1:
            self._frames.pop()
        self._part(tag, is_start=False)
        if tag in self._headings:
            self._open_heading = None
        if tag == "a" and self._open_links:
            link = self._open_links.pop()
            if link.place >= 0:
                self._links[link.place] = Link(link.href, link.can_be_seen and link.has_content, link.text.text())

    def data(self, data: str) -> None:
        frame = self._frames[-1]
        if frame.absent:
            self._keep_absent(frame.tag, data)
            return
        text = _single_spaced(data)
        if frame.tag == "title":
            if frame.in_svg:
                self._labels.append(f"\n{text}\n")
            else:
                self._title.add(text, MAX_HEADING)
            return
        if not frame.is_seen:
            self._unseen.append(text)
            return
        if frame.tag in _ASIDE:
            self._aside.append(f"{text}\n")
            return
        self._seen.append(text)
        self._last = "text"
        if self._open_heading is not None:
            self._open_heading.add(text, MAX_HEADING)
        if self._open_links and text.strip():
            self._open_links[-1].has_content = True
            self._open_links[-1].text.add(text.replace(EDGE, " "), MAX_LINK_TEXT)

    def comment(self, text: str) -> None:
        """Ignores comments."""

    def close(self) -> None:
        """Returns nothing: `page` has the result."""

    def page(self) -> PageText:
        """Returns what was read."""
        self._traits.noscript = self._noscript.text()
        self._traits.script = self._script.text()
        self._traits.sources = self._sources.text()
        return PageText(
            title=self._title.text(),
            seen="".join([*self._seen, "\n", *self._aside]),
            labels="".join(self._labels),
            unseen="".join(self._unseen),
            headings=tuple(heading.text() for heading in self._headings["h1"] or self._headings["h2"]),
            links=tuple(self._links),
            base=self._base,
            traits=self._traits,
        )

    def _opened(self, tag: str, attributes: Mapping[str, str]) -> _Frame:
        outer = self._frames[-1]
        effects = effects_of_attributes(tag, attributes) | self._sheet.effects_on(tag, attributes)
        if "style" in attributes:
            effects |= effects_of_style(attributes["style"])
        visibility = effects.pop("visibility", outer.invisible)
        return _Frame(
            tag,
            absent=outer.absent or tag in _ABSENT,
            gone=outer.gone or any(effects.values()),
            invisible=visibility,
            in_svg=outer.in_svg or tag == "svg",
        )

    def _part(self, tag: str, *, is_start: bool) -> None:
        """Writes down how the element's edge parts the text before from the text after it."""
        if tag in ("sup", "sub"):
            self._write(EDGE)
        elif tag in _FORMATTING:
            if not is_start and self._last == "text":
                self._last = "end of formatting"
        elif tag in _INLINE or "-" in tag:
            if is_start and self._last != "text":
                self._write(EDGE)
            self._last = "text" if is_start else "end"
        elif tag not in _ASIDE:
            self._write("\n")
            self._last = "text"

    def _write(self, sign: str) -> None:
        self._seen.append(sign)
        self._unseen.append(sign)
        if self._open_heading is not None:
            self._open_heading.add(" " if sign == "\n" else "", MAX_HEADING)

    def _show(self, tag: str, attributes: Mapping[str, str], frame: _Frame) -> None:
        """Writes down the texts that attributes show."""
        if tag == "img" and attributes.get("alt"):
            self.data(f" {attributes['alt']} ")
        labels = [attributes[name] for name in _LABELS if attributes.get(name)]
        if tag == "input" and attributes.get("type", "").lower() in ("submit", "button", "reset", "image"):
            labels += [attributes.get("value", ""), attributes.get("alt", "")]
        for label in labels:
            (self._labels if frame.is_seen else self._unseen).append(f"\n{label.replace(EDGE, ' ')}\n")
        if tag == "meta" and (attributes.get("name") or attributes.get("property", "")).lower() in _SUMMARIES:
            self._unseen.append(f"\n{attributes.get('content', '').replace(EDGE, ' ')}\n")

    def _begin_link(self, tag: str, attributes: Mapping[str, str], frame: _Frame) -> None:
        href = attributes.get("href") or attributes.get("xlink:href") or ""
        shows = (
            tag == "area"
            or any(attributes.get(name) for name in _LABELS)
            or "background" in attributes.get("style", "")
        )
        if href.strip():
            self._links.append(Link(href, frame.is_seen and shows))
        if tag == "a":
            place = len(self._links) - 1 if href.strip() else -1
            self._open_links.append(_OpenLink(place, href, frame.is_seen, shows))

    def _picture(self, tag: str, frame: _Frame) -> None:
        if tag in _PICTURES and self._open_links and frame.is_seen:
            self._open_links[-1].has_content = True

    def _keep_absent(self, tag: str, data: str) -> None:
        if tag == "script":
            self._script.add(data)
        elif any(frame.tag == "noscript" for frame in self._frames[-4:]):
            self._noscript.add(f" {data}")

    def _note(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Notes what tells the page from something that stands in for it."""
        frame, traits = self._frames[-1], self._traits
        is_shown = not self._frames[-2].absent
        if tag == "base" and self._base is None and is_shown:
            self._base = attributes.get("href")
        elif tag in ("iframe", "frame") and is_shown:
            traits.frames += 1
            self._sources.add(f"{attributes.get('src', '')[:500]} ")
        elif tag == "script" and is_shown:
            traits.scripts += 1
            self._sources.add(f"{attributes.get('src', '')[:500]} ")
        elif tag == "body":
            traits.body_classes = attributes.get("class", "")[:MAX_NOTED].lower()
        elif tag == "input" and frame.is_seen:
            self._note_field(attributes)
        traits.has_mount |= attributes.get("id") in _MOUNTS or ("-" in tag and tag.endswith(("-root", "-app")))
        traits.is_protected_post |= "post-password-form" in attributes.get("class", "")

    def _note_field(self, attributes: Mapping[str, str]) -> None:
        kind = attributes.get("type", "text").strip().lower()
        name = f"{attributes.get('name', '')} {attributes.get('id', '')}"[:200].lower()
        self._traits.asks_password |= kind == "password"
        self._traits.asks_address |= kind == "email" or any(one in name for one in ("user", "login", "email"))
