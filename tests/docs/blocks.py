"""Parses the examples of a guide: requests, answers and mails, in order.

An example is a fenced block of kind `http` (a request, or the answer to the request before it) or `mail`. In both,
`$NAME` is a variable. It is replaced by its value if it has one, and bound where an answer or a mail first shows it.
The sections (`##`) of a guide can be parsed separately, because guides for different readers tell one story together.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANYTHING = "..."
"""Stands for a value that the guide does not show and, at the end of a list, for further items."""

_FENCE = re.compile(r"^```(http|mail)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the guide shows it. `body` is text; `upload` names a file whose bytes are the body."""

    line: int
    method: str
    path: str
    headers: dict[str, str]
    body: str | None
    upload: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as the guide shows it. The real answer must have all of it, and may have more."""

    line: int
    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail as the guide shows it: its headers, and lines that its text must have."""

    line: int
    headers: dict[str, str]
    lines: tuple[str, ...]


Block = Sent | Answered | Mailed


def sections_of(guide: Path) -> list[str]:
    """Returns the titles of the sections that have examples, in order."""
    text = guide.read_text(encoding="utf-8")
    return list(dict.fromkeys(_section_at(text, found.start()) for found in _FENCE.finditer(text)))


def blocks_of(guide: Path, section: str | None = None) -> Iterator[Block]:
    """Returns the examples of a guide, or of one section, in order. Raises ValueError for an invalid one."""
    text = guide.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        if section not in (None, _section_at(text, found.start())):
            continue
        line = text.count("\n", 0, found.start()) + 2
        head, _, body = found.group(2).strip("\n").partition("\n\n")
        first, *rest = head.splitlines()
        if found.group(1) == "mail":
            yield Mailed(line, _headers([first, *rest]), tuple(body.strip().splitlines()))
        elif first.startswith("HTTP/1.1 "):
            yield Answered(line, int(first.split()[1]), _headers(rest), json.loads(body) if body.strip() else None)
        else:
            yield _sent(line, first, rest, body.strip())


def filled(text: str, known: dict[str, str]) -> str:
    """Returns `text` with its variables replaced by their values. Raises KeyError for a variable without a value."""
    return _VARIABLE.sub(lambda found: known[found.group(1)], text)


def difference(shown: Any, real: Any, known: dict[str, str], where: str = "answer") -> str | None:
    """Returns the first difference between `real` and `shown`, or None. Binds variables that have no value yet."""
    if isinstance(shown, str):
        return _text_difference(shown, real, known, where)
    if isinstance(shown, dict):
        if not isinstance(real, dict):
            return f"{where} is {real!r}, not an object"
        for name, value in shown.items():
            if name not in real:
                return f"{where} has no {name}; it has {', '.join(real)}"
            found = difference(value, real[name], known, f"{where}.{name}")
            if found:
                return found
        return None
    if isinstance(shown, list):
        return _list_difference(shown, real, known, where)
    return None if shown == real and type(shown) is type(real) else f"{where} is {real!r}, not {shown!r}"


def _section_at(text: str, position: int) -> str:
    titles = _HEADING.findall(text, 0, position)
    return titles[-1].strip() if titles else ""


def _text_difference(shown: str, real: Any, known: dict[str, str], where: str) -> str | None:
    if shown == ANYTHING:
        return None
    if type(real) is int and _VARIABLE.fullmatch(shown):
        real = str(real)
    parts = _VARIABLE.split(shown)
    pattern, names = re.escape(parts[0]), []
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        if name in known:
            pattern += re.escape(known[name])
        else:
            pattern += "(.+?)"
            names.append(name)
        pattern += re.escape(after)
    found = re.fullmatch(pattern, real, re.DOTALL) if isinstance(real, str) else None
    if found is None:
        return f"{where} is {real!r}, not {shown!r}"
    known.update(zip(names, found.groups(), strict=True))
    return None


def _list_difference(shown: list[Any], real: Any, known: dict[str, str], where: str) -> str | None:
    if not isinstance(real, list):
        return f"{where} is {real!r}, not a list"
    more = bool(shown) and shown[-1] == ANYTHING
    wanted = shown[:-1] if more else shown
    if len(real) < len(wanted) or (len(real) > len(wanted) and not more):
        return f"{where} has {len(real)} entries, not {len(wanted)}: {real!r}"
    for index, value in enumerate(wanted):
        found = difference(value, real[index], known, f"{where}[{index}]")
        if found:
            return found
    return None


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _sent(line: int, first: str, rest: list[str], body: str) -> Sent:
    method, path, *_ = first.split()
    upload = body[1:].strip() if body.startswith("<") else None
    return Sent(line, method, path, _headers(rest), None if upload or not body else body, upload)
