"""Recognises what stands in for a page although it answers with 200: errors, sign-in forms, empty shells.

It looks at what a page says of itself, in its title, its headings and its first words. Whether it is right a reviewer
decides: these pages are left to one.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from workers.pages import FetchedPage
from workers.steps import phrases
from workers.steps.names import EDGE, fold, is_named, words_of
from workers.steps.page_text import PageText
from workflow.findings import Finding

MAX_SHELL: Final = 250
"""A page with more characters than this, without its title, is no empty shell."""
MAX_SHORT: Final = 600
MAX_FORM_PAGE: Final = 1_500
MAX_SENTENCE: Final = 120
MAX_LOOKED_AT: Final = 6_000
MAX_FIRST_LINES: Final = 40
_REVIEWER: Final = "If the page is right as it is, leave it: a reviewer opens it in a browser."


@dataclass(frozen=True, slots=True)
class _Said:
    """What a page says of itself, in sentences of folded words.

    `headlines` are its title and headings; `lines` are those of a short page, `first_lines` of one without headings.
    """

    headlines: tuple[tuple[str, ...], ...]
    lines: tuple[tuple[str, ...], ...]
    first_lines: tuple[tuple[str, ...], ...]
    own_words: frozenset[str]
    length: int


def stand_in(page: FetchedPage, text: PageText, names: Sequence[str]) -> Finding | None:
    """Returns a finding if something stands in for the page, in whose words `names` may stand too."""
    said = _said_by(text, names)
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: _wall(said),
        lambda: _not_found(page, text, said),
        lambda: _sign_in(page, text, said),
        lambda: _parked(text, said),
        lambda: _broken(said),
        lambda: _shell(text, names),
        lambda: _moved_home(page),
    )
    for (code, remedy), check in zip(_CODES, checks, strict=True):
        if words := check():
            return Finding(f"page.{code}", f"{page.url} answers {page.status}, but {words}.", f"{remedy} {_REVIEWER}")
    return None


def hard_to_read(page: FetchedPage, text: PageText) -> str | None:
    """Returns in words why a machine may miss what a reader finds on the page, or None."""
    length = len(" ".join(text.seen.replace(EDGE, "").split()))
    if page.decoded.is_guessed:
        return "it declares no charset and is not UTF-8"
    if length <= MAX_SHORT and text.traits.frames:
        return "its content is in a frame"
    if length <= MAX_SHORT and text.traits.scripts and text.traits.has_mount:
        return "its content is drawn by scripts"
    return None


_CODES: Final = (
    ("bot_wall", "Let the service's User-Agent through."),
    ("soft_404", "Publish the page, and give its final URL."),
    ("sign_in", "Show the page to everybody, without signing in."),
    ("parked", "Give a page on a domain of your own."),
    ("broken", "Mend the page."),
    ("needs_scripts", "Send the text of the page in its HTML."),
    ("moved_home", "Give the URL of the page itself."),
)


def _said_by(text: PageText, names: Sequence[str]) -> _Said:
    shown = text.seen.replace(EDGE, "")
    length = len(" ".join(shown.split()))
    lines = [line for line in shown[:MAX_LOOKED_AT].split("\n") if words_of(line) and not line.strip().isdigit()]
    own_words = frozenset(word for name in names for word in words_of(name))
    return _Said(
        headlines=_sentences([*_TITLE_PARTS.split(text.title), text.title, *text.headings]),
        lines=_sentences(lines if length <= MAX_SHORT else ()),
        first_lines=_sentences(lines[:MAX_FIRST_LINES] if not text.headings else ()),
        own_words=own_words,
        length=length,
    )


def _sentences(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Returns the sentences of texts, and the texts as wholes, as far as they are short."""
    found = [one for text in texts for one in (text, *_SENTENCE_ENDS.split(text)) if one and len(one) <= MAX_SENTENCE]
    return tuple(words for words in dict.fromkeys(map(words_of, found)) if words)


def _wall(said: _Said) -> str | None:
    return _quoted((*said.headlines, *said.lines, *said.first_lines), _is_one_of(phrases.WALLS))


def _not_found(page: FetchedPage, text: PageText, said: _Said) -> str | None:
    if set(text.traits.body_classes.split()) & phrases.NOT_FOUND_CLASSES:
        return "it is marked as the page for what was not found"
    if page.redirects and set(_path_of(page.url)) & phrases.NOT_FOUND_PATHS:
        return "it leads to the page for what was not found"

    def is_not_found(words: tuple[str, ...]) -> bool:
        is_only_that = not set(words) - phrases.FILLING - said.own_words
        return _has(words, phrases.NOT_FOUND_ELSEWHERE) or (is_only_that and _has(words, phrases.NOT_FOUND))

    return _quoted((*said.headlines, *said.lines, *said.first_lines), is_not_found)


def _sign_in(page: FetchedPage, text: PageText, said: _Said) -> str | None:
    traits = text.traits
    if traits.is_protected_post and traits.asks_password:
        return "it asks for a password"
    if page.redirects and _is_sign_in_url(page.url):
        return "it leads to a page for signing in"

    def asks(words: tuple[str, ...]) -> bool:
        is_only_that = not set(words) - phrases.SIGN_IN_FILLING - said.own_words
        return _has(words, phrases.SIGN_IN_ELSEWHERE) or (is_only_that and _has(words, phrases.SIGN_IN))

    is_form = traits.asks_password or (traits.asks_address and said.length <= MAX_FORM_PAGE)
    if is_form and (words := _quoted((*said.headlines, *said.lines), asks)):
        return words
    if said.length <= MAX_SHORT and (words := _quoted(said.headlines, asks)):
        return words
    if words := _quoted(said.lines, lambda words: asks(words) and _has(words, phrases.SIGN_IN_DEMANDS)):
        return words
    return "it is little more than a form for signing in" if traits.asks_password and said.length <= MAX_SHORT else None


def _parked(text: PageText, said: _Said) -> str | None:
    sources = text.traits.sources.lower()
    if any(host in sources for host in phrases.PARKING_HOSTS):
        return "its domain is parked"
    return _quoted((*said.headlines, *said.lines), lambda words: _has(words, phrases.PARKED))


def _broken(said: _Said) -> str | None:
    return _quoted((*said.headlines, *said.lines), _is_one_of(phrases.BROKEN))


def _shell(text: PageText, names: Sequence[str]) -> str | None:
    traits = text.traits
    shown = " ".join(text.seen.replace(EDGE, "").split())
    if len(shown) > MAX_SHELL or not (traits.scripts or traits.noscript):
        return None
    if _has(words_of(f"{traits.noscript} {shown}"), phrases.SCRIPTS_ASKED_FOR):
        return "it has little text and asks for JavaScript"
    if not shown or tuple(words_of(shown)) in phrases.LOADING:
        return "it has no text of its own: a script draws it"
    has_all = all(is_named(name, fold(text.seen)) for name in names)
    if not has_all and (traits.has_mount or any(one in traits.script for one in phrases.SCRIPTED_REDIRECTS)):
        return "a script draws it, or leads on to another page"
    return None


def _moved_home(page: FetchedPage) -> str | None:
    """Tells a redirect from a page to the home page of the same host, which is what many sites do with a lost page."""
    if not page.redirects:
        return None
    asked, found = urlsplit(page.redirects[0]), urlsplit(page.url)
    hosts = {(one.hostname or "").removeprefix("www.") for one in (asked, found)}
    is_home = found.path in ("", "/") and not found.query
    was_page = asked.path.strip("/") not in ("", "index.html", "index.php") and len(hosts) == 1
    return "it leads to the home page" if is_home and was_page else None


def _quoted(sentences: Iterable[tuple[str, ...]], is_it: Callable[[tuple[str, ...]], bool]) -> str | None:
    found = next((words for words in sentences if is_it(words)), None)
    return f"it says “{' '.join(found)}”" if found else None


def _is_one_of(wanted: frozenset[str]) -> Callable[[tuple[str, ...]], bool]:
    return lambda words: " ".join(words) in wanted


def _has(words: Iterable[str], wanted: frozenset[str]) -> bool:
    joined = f" {' '.join(words)} "
    return any((f" {phrase} " if phrase.isascii() else phrase) in joined for phrase in wanted)


def _path_of(url: str) -> list[str]:
    return [part.lower().rpartition(".html")[0] or part.lower() for part in urlsplit(url).path.split("/") if part]


def _is_sign_in_url(url: str) -> bool:
    host = (urlsplit(url).hostname or "").partition(".")[0]
    return host in phrases.SIGN_IN_HOSTS or bool(set(_path_of(url)) & phrases.SIGN_IN_PATHS)


_SENTENCE_ENDS: Final = re.compile(r"[.!?…:|•·»«\n\u3002\uff01\uff1f\uff1a]+\s*|\s[-\u2013\u2014]+\s")
_TITLE_PARTS: Final = re.compile(r"\s[-\u2013\u2014]\s|[|•·»«:\uff1a\u2014]")
