"""Paths into an event, such as `$.properties.items[0]['unit price']`, and templates with paths in double braces."""

from typing import Final

MAX_PARTS: Final = 10
MAX_PATH: Final = 500
"""The longest path, in characters."""
_ENDS_A_NAME: Final = frozenset(".[]{}'\"$ \t\r\n")


class PathInvalid(Exception):
    """A path or a template cannot be read. Says why, and what to do."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


def read_path(text: str) -> tuple[str, ...]:
    """Returns the parts of a path; `()` for `$`, the whole. The `$.` at the beginning may be left out.

    A name with blanks or points stands in brackets and quotes: `$.traits['Total Spend']`. Raises PathInvalid.
    """
    shown = text[:60]
    if not text or len(text) > MAX_PATH:
        raise PathInvalid(f"A path has 1 to {MAX_PATH} characters.", _REMEDY)
    at = 1 if text.startswith("$") else 0
    parts: list[str] = []
    if at == 0:
        at = _read_name(text, 0, parts)
    while at < len(text):
        if text[at] == ".":
            at = _read_name(text, at + 1, parts)
        elif text[at] == "[":
            at = _read_brackets(text, at + 1, parts)
        else:
            raise PathInvalid(f"The path {shown} has {text[at]!r} where a part should begin.", _REMEDY)
        if len(parts) > MAX_PARTS:
            raise PathInvalid(f"The path {shown} has more than {MAX_PARTS} parts.", "Name something less deep.")
    return tuple(parts)


def read_template(text: str) -> tuple[str | tuple[str, ...], ...]:
    """Returns the pieces of a template in order: texts, and the paths of its placeholders. Raises PathInvalid."""
    pieces: list[str | tuple[str, ...]] = []
    at = 0
    while (begins := text.find("{{", at)) >= 0:
        if text.startswith("{{{", begins):
            raise PathInvalid("A placeholder has two braces, not three.", "Write {{path}}.")
        ends = text.find("}}", begins)
        if ends < 0:
            raise PathInvalid("A placeholder is not closed.", "Write {{path}}.")
        if begins > at:
            pieces.append(text[at:begins])
        pieces.append(read_path(text[begins + 2 : ends].strip(" ")))
        at = ends + 2
    return (*pieces, text[at:]) if at < len(text) else tuple(pieces)


def _read_name(text: str, at: int, parts: list[str]) -> int:
    """Appends the name that begins at `at`. Returns where it ends."""
    end = at
    while end < len(text) and text[end] not in _ENDS_A_NAME:
        end += 1
    if end == at:
        raise PathInvalid(f"The path {text[:60]} lacks a name at character {at + 1}.", _REMEDY)
    parts.append(text[at:end])
    return end


def _read_brackets(text: str, at: int, parts: list[str]) -> int:
    """Appends the number, or the name in quotes, that begins at `at`. Returns where its brackets end."""
    quote = text[at : at + 1]
    if quote in ("'", '"'):
        end = text.find(f"{quote}]", at + 1)
        name, behind = text[at + 1 : end], end + 2
    else:
        end = text.find("]", at)
        name, behind = text[at:end], end + 1
        if not (name.isascii() and name.isdigit()):
            raise PathInvalid(f"The path {text[:60]} has no number or name in its brackets.", _REMEDY)
    if end < 0 or not name:
        raise PathInvalid(f"The path {text[:60]} has brackets without an end or without a name.", _REMEDY)
    parts.append(name)
    return behind


_REMEDY: Final = "Write it like $.properties.items[0].name or $.traits['Total Spend']."
