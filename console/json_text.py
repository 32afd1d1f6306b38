"""JSON as a text that somebody typed: the lines on which its parts stand, so that findings stand beside them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from web.strict_json import UnreadableJsonError, read_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line of a text, with what is wrong on it."""

    number: int
    text: str
    findings: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """A part of a JSON text that is looked for, or that contains one, by the names and the numbers of its parts."""

    line: int = 0
    parts: dict[str, "_Part"] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    """An object or a list whose end has not come. `key` is the name, or the number, of the part that is read."""

    part: _Part | None
    is_object: bool
    key: str | int | None

    def inner(self) -> _Part | None:
        """Returns the part that is read, None if nothing in it is looked for."""
        return self.part.parts.get(str(self.key)) if self.part is not None else None


def lines_of(text: str, pointers: Sequence[str]) -> list[int]:
    """Returns the line, counted from 1, of the part of a JSON text to which each JSON pointer leads.

    For a part that is not there it is the line of what the part would be in. `text` must be valid JSON.
    """
    root = _Part()
    ways = [_way(root, pointer) for pointer in pointers]
    opened: list[_Open] = []
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line, at = line + text.count("\n", at, token.start()), token.start()
        said, around = token[0], opened[-1] if opened else None
        if said in ("}", "]"):
            opened.pop()
        elif said == "," and around is not None:
            around.key = None if around.is_object else int(around.key or 0) + 1
        elif around is not None and around.is_object and around.key is None:
            around.key = str(json.loads(said))
            _note(around.inner(), line)
        elif said != ":":
            part = root if around is None else around.inner()
            _note(part, line)
            if said in ("{", "["):
                opened.append(_Open(part, said == "{", None if said == "{" else 0))
    return [next((part.line for part in reversed(way) if part.line), 1) for way in ways]


def beside_lines(text: str, findings: Sequence[tuple[int, str]]) -> list[NumberedLine]:
    """Returns the lines of a text, each with its findings, which are given by the numbers of lines and words."""
    said: dict[int, list[str]] = {}
    for number, words in findings:
        said.setdefault(number, []).append(words)
    lines = text.split("\n")
    return [NumberedLine(number, line, tuple(said.get(number, ()))) for number, line in enumerate(lines, 1)]


def pretty(value: Any) -> str:
    """Returns a value as JSON that one can read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def pretty_text(text: str | None) -> str:
    """Returns a JSON text with a line for each value. Any other text, and JSON that is not strict, stays as it is."""
    try:
        return pretty(read_json((text or "").encode()))
    except UnreadableJsonError:
        return text or ""


def _way(root: _Part, pointer: str) -> list[_Part]:
    """Returns the parts that a JSON pointer leads through, the whole first. Those that are new are added."""
    way = [root]
    for step in pointer.split("/")[1:]:
        way.append(way[-1].parts.setdefault(step.replace("~1", "/").replace("~0", "~"), _Part()))
    return way


def _note(part: _Part | None, line: int) -> None:
    if part is not None:
        part.line = part.line or line
