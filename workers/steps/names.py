"""Finds a name in a text, as people read it: whole words, in any spelling that looks the same.

Two spellings look the same if they differ in case, in Unicode's forms of a character, in invisible characters, or in
the sort of apostrophe, quotation mark, hyphen or space.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

EDGE: Final = "\x1f"
"""Stands in a text where two elements meet without a space, which a style sheet may or may not draw apart."""
MAX_MARKS: Final = 30
"""The most combining marks in a row that are kept, as in Unicode's stream-safe format: sorting them is quadratic."""

_GAPS: Final = re.compile(f"[ {EDGE}]+")
_ALIKE: Final = {
    other: one
    for one, others in (
        ("'", "\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9`\u00b4\uff07\u02bb\u2035"),
        ('"', "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"),
        ("-", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d"),
        # The trademark signs end a word. The two after them are whole sentences to NFKC.
        (" ", "\u2122\u00ae\u00a9\u2120\ufdfa\ufdfb"),
        ("", "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10)))),
    )
    for other in others
}
"""What is written for characters that look like others, or like nothing."""
_UNSPACED: Final = ("CJK", "HIRAGANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "BOPOMOFO")
"""The scripts that write words, or words and their particles, without spaces between them."""


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text in which names can be found: `joined` without edges, whose places are `edges`; `parted` with spaces."""

    joined: str
    edges: frozenset[int]
    parted: str


def fold(text: str) -> FoldedText:
    """Returns a text for `is_named`. Takes time in proportion to its length."""
    folded = _GAPS.sub(lambda gap: " " if " " in gap[0] else EDGE, _fold_characters(text)).strip(f" {EDGE}")
    if EDGE not in folded:
        return FoldedText(folded, frozenset(), "")
    pieces = folded.split(EDGE)
    return FoldedText("".join(pieces), frozenset(accumulate(map(len, pieces))), " ".join(pieces))


def is_named(name: str, text: FoldedText) -> bool:
    """Returns whether `name` stands in the text as whole words."""
    wanted = _fold_characters(name.replace(EDGE, " "))
    if not wanted:
        return False
    return _stands_in(wanted, text.joined, text.edges) or _stands_in(wanted, text.parted, frozenset())


def words_of(text: str) -> tuple[str, ...]:
    """Returns the words of a text, folded, without punctuation."""
    folded = _fold_characters(text.replace(EDGE, " "))
    return tuple("".join(one if one.isalnum() or _is_mark(one) else " " for one in folded).split())


def _stands_in(wanted: str, text: str, edges: frozenset[int]) -> bool:
    at = text.find(wanted)
    while at >= 0:
        if all(place in edges or _can_part(text, place) for place in (at, at + len(wanted))):
            return True
        at = text.find(wanted, at + 1)
    return False


def _can_part(text: str, place: int) -> bool:
    """Returns whether a word can begin or end at a place of a text."""
    before, after = text[place - 1 : place], text[place : place + 1]
    if before == "_":
        before = text[place - 2 : place - 1] if place > 1 else ""
    elif after == "_":
        after = text[place + 1 : place + 2]
    if not (_is_in_word(before) and _is_in_word(after)):
        return True
    if _is_mark(after):
        return False
    scripts = _script(before), _script(after)
    if any(script in _UNSPACED for script in scripts):
        return True
    return scripts[0] != scripts[1] and "DIGIT" not in scripts


def _is_in_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "ー" or _is_mark(character))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _script(character: str) -> str:
    """Returns the first word of a character's Unicode name, which is its script's for letters."""
    return "KATAKANA" if character == "ー" else unicodedata.name(character, "").split("-")[0].split(" ")[0]


def _fold_characters(text: str) -> str:
    """Returns a text with what looks the same written the same, and single spaces; edges stay."""
    shown = _written_alike(text)
    if not shown.isascii():
        shown = _written_alike(_normal(_normal(shown).casefold()))
    return " ".join(part for part in shown.casefold().split(" ") if part)


def _written_alike(text: str) -> str:
    return text.translate({ord(one): _look_of(one) for one in set(text)})


def _look_of(character: str) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    if character.isspace():
        return EDGE if character == EDGE else " "
    return "" if unicodedata.category(character) in ("Cf", "Cc", "Cs") else character


def _normal(text: str) -> str:
    """Returns the NFKC form of a text, without the marks of a run that are too many."""
    marks = re.escape("".join(sorted(one for one in set(text) if unicodedata.combining(one))))
    if marks:
        text = re.sub(f"([{marks}]{{{MAX_MARKS}}})[{marks}]+", r"\1", text)
    return unicodedata.normalize("NFKC", text)
