"""Reading markdown that partners write: its links, pictures, raw HTML, headings and words.

The tokens of a CommonMark parser are judged, never the text itself, so that what is found is what a renderer makes of
it. The cost is linear in the length of the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workflow.raw_html import NO_WORD, SCHEMES_THAT_RUN, is_tag, read_html, without_blanks

MAX_NESTING = 8
"""How many lists and quotes may stand inside one another. The parser drops what is nested much deeper, so that a
renderer with another bound would show what was never judged."""

_PLACEHOLDER = re.compile(r"\[\[[^\[\]\n]{1,100}\]\]")
_BARE = re.compile(r"\b(?:http|ftp)://(?=[\w\[])\S{1,200}", re.IGNORECASE)
_IN_BRACKETS = re.compile(rf"\](?:\(|:)<?((?:{'|'.join(SCHEMES_THAT_RUN)}):.{{0,60}})", re.IGNORECASE)
_FIRST_TAG = re.compile(r"\s*<[^<>]*>")
_HEAVY = frozenset({"heading_open", "fence", "code_block", "blockquote_open", "hr", "table_open"})
_CONTAINERS = frozenset({"blockquote", "bullet_list", "ordered_list"})


@dataclass(slots=True)
class Markdown:
    """What a text consists of. `links` and `pictures` are the addresses as a browser would get them, in order.

    `bare_links` are addresses without https:// that stand in the text and that many renderers turn into links.
    `words` are the pieces of text outside code, `sections` the headings of level two, casefolded, and whether anything
    stands below each. `runs` tells whether raw HTML can load or run something.
    """

    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    bare_links: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    sections: dict[str, bool] = field(default_factory=dict)
    html: bool = False
    runs: bool = False
    heavy: bool = False
    too_deep: bool = False

    @property
    def insecure(self) -> list[str]:
        """The addresses of links and pictures that are not allowed, once each, in order."""
        links = [target for target in self.links if not is_secure_link(target)]
        pictures = [target for target in self.pictures if not is_secure_link(target, picture=True)]
        return list(dict.fromkeys([*links, *pictures, *self.bare_links]))

    @property
    def placeholders(self) -> list[str]:
        """The placeholders of a template that are left, `[[words in double brackets]]`, once each, in order."""
        found = (one for words in self.words for one in _PLACEHOLDER.findall(words))
        return list(dict.fromkeys(one.replace(NO_WORD, "…") for one in found))


def read_markdown(text: str) -> Markdown:
    """Returns what the text consists of. Raises nothing, whatever the text is."""
    found = Markdown()
    references: dict[str, Any] = {}
    tokens = _PARSER.parse(text, references)
    _read_blocks(found, tokens)
    for token in tokens:
        if token.type == "html_block":
            first = _FIRST_TAG.match(token.content)
            found.html |= first is None or is_tag(first[0])
            _take_html(found, token.content)
        elif token.children:
            _read_inline(found, token)
    found.links += _targets_of(references)
    return found


def is_secure_link(target: str, *, picture: bool = False) -> bool:
    """Returns whether a link may lead to `target`: by https, to a mailbox or to a part of the text; a picture by https.

    An address that browsers read differently from people is not secure: one with blanks, control or format
    characters, a backslash, or a user name before its host.
    """
    if any(letter.isspace() or letter == "\\" or category(letter) in ("Cc", "Cf") for letter in target):
        return False
    scheme, colon, rest = target.partition(":")
    if target.startswith("#"):
        return len(target) > 1 and not picture
    if scheme.lower() == "mailto":
        return "@" in rest and not picture
    if not colon or scheme.lower() != "https":
        return False
    try:
        parts = urlsplit(target)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


def title_of(text: str) -> str:
    """Returns the form of a heading by which headings are compared."""
    return " ".join(text.split()).casefold()


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # A link that the parser finds dangerous would become text. An escaped character would become a word.
    parser.disable("text_join")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    return parser


_PARSER = _parser()


def _targets_of(references: Mapping[str, Any]) -> list[str]:
    """Returns the addresses of all definitions, also of those that this parser does not use."""
    defined = [*references.get("references", {}).values(), *references.get("duplicate_refs", ())]
    return [str(one["href"]) for one in defined]


def _read_blocks(found: Markdown, tokens: list[Token]) -> None:
    depth, section = 0, None
    for number, token in enumerate(tokens):
        depth += token.nesting if token.type.removesuffix("_open").removesuffix("_close") in _CONTAINERS else 0
        found.too_deep |= depth > MAX_NESTING
        found.heavy |= token.type in _HEAVY
        if _opens_section(token):
            section = _begin_section(found, token.tag, _plain(tokens[number + 1]))
        elif section is not None and _says_something(token) and not _opens_section(tokens[number - 1]):
            found.sections[section] = True


def _opens_section(token: Token) -> bool:
    return token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2")


def _begin_section(found: Markdown, tag: str, title: str) -> str | None:
    if tag != "h2":
        return None
    found.titles.append(title)
    found.sections.setdefault(title_of(title), False)
    return title_of(title)


def _says_something(token: Token) -> bool:
    if token.type in ("fence", "code_block"):
        return bool(token.content.strip())
    if token.type == "html_block":
        read = read_html(token.content)
        return bool(read.words.strip() or read.pictures)
    return token.type == "inline" and any(
        child.type in ("image", "code_inline", "text_special") or child.content.strip()
        for child in token.children or ()
        if child.type != "html_inline"
    )


def _plain(inline: Token) -> str:
    """Returns the text of a heading without its markup."""
    return " ".join("".join(_heading_words(inline.children or ())).split())


def _heading_words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "text_special", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "image":
            yield from _heading_words(token.children or ())


def _read_inline(found: Markdown, block: Token) -> None:
    words: list[str] = []
    tags: list[str] = []
    link = ""
    for token in _flat(block.children or ()):
        if token.type == "link_open":
            found.links.append(str(token.attrs["href"]))
            link = token.info or "written"
        elif token.type == "image":
            found.pictures.append(str(token.attrs["src"]))
            words.append(NO_WORD)
        elif token.type == "html_inline" and is_tag(token.content):
            tags.append(token.content)
        elif token.type in ("text", "html_inline"):
            words.append(_WORDS_IN_LINK[link](token.content))
        elif token.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif token.type in ("code_inline", "text_special"):
            words.append(NO_WORD)
        elif token.type == "link_close":
            link = ""
    if tags:
        found.html = True
        _take_html(found, "".join(tags))
    _take_words(found, "".join(words))


_WORDS_IN_LINK: Mapping[str, Callable[[str], str]] = {
    "": lambda words: words,
    "auto": lambda _: NO_WORD,
    "written": lambda words: words.replace("://", f":{NO_WORD}//"),
}
"""The words that a piece of text adds, by the link that it is in: no renderer makes a link within a link."""


def _flat(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yields the tokens, each followed by those within it."""
    waiting = [*reversed(list(tokens))]
    while waiting:
        token = waiting.pop()
        yield token
        waiting.extend(reversed(token.children or ()))


def _take_words(found: Markdown, words: str) -> None:
    found.words.append(words)
    found.bare_links += _BARE.findall(words)
    # What this parser reads as text, because of a blank in an address, others have read as a link.
    found.bare_links += _IN_BRACKETS.findall(without_blanks(words))


def _take_html(found: Markdown, content: str) -> None:
    read = read_html(content)
    found.links += read.links
    found.pictures += read.pictures
    found.runs |= read.runs
    if read.words:
        _take_words(found, read.words)
