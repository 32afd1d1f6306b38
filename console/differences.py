"""What changed between two texts, word by word. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

MAX_WORDS: Final = 600
"""Longer texts are shown whole, without marks: comparing them costs more than a page may."""
_WORDS: Final = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text. `is_changed`: the other text has it otherwise or not at all."""

    text: str
    is_changed: bool


def said(value: Any) -> str:
    """Returns a value of a snapshot as people read it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def marked(before: Any, after: Any) -> tuple[list[Piece], list[Piece]]:
    """Returns the pieces of two values, with what differs marked."""
    old, new = _WORDS.findall(said(before)), _WORDS.findall(said(after))
    if len(old) > MAX_WORDS or len(new) > MAX_WORDS:
        return [Piece(said(before), False)], [Piece(said(after), False)]
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return (
        list(_pieces((old[one[1] : one[2]], one[0]) for one in steps)),
        list(_pieces((new[one[3] : one[4]], one[0]) for one in steps)),
    )


def _pieces(found: Iterator[tuple[list[str], str]]) -> Iterator[Piece]:
    return (Piece("".join(words), kind != "equal") for words, kind in found if words)
