"""What is found about an event, and how foreign text is shown in it."""

from typing import Final, Literal, NamedTuple

MAX_FINDINGS: Final = 20
"""Findings of one event. A further one is replaced by a note that there are more."""
MAX_SHOWN: Final = 60
"""Characters of a foreign text that a finding shows."""

Level = Literal["error", "warning"]
"""An event with an error is not valid. One with warnings only is."""


class EventFinding(NamedTuple):
    """A problem of an event: a stable code, where it is as a JSON pointer into the event, and what to do about it."""

    code: str
    level: Level
    pointer: str
    detail: str
    remedy: str

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def as_dict(self) -> dict[str, str]:
        return self._asdict()


class Findings:
    """The findings of one event while it is judged, until there are MAX_FINDINGS (`is_full`). Every error counts."""

    __slots__ = ("found", "is_full", "valid")

    def __init__(self) -> None:
        self.found: list[EventFinding] = []
        self.is_full = False
        self.valid = True

    def error(self, code: str, pointer: str, detail: str, remedy: str) -> None:
        self.add(EventFinding(code, "error", pointer, detail, remedy))

    def warning(self, code: str, pointer: str, detail: str, remedy: str) -> None:
        self.add(EventFinding(code, "warning", pointer, detail, remedy))

    def add(self, finding: EventFinding) -> None:
        if finding.level == "error":
            self.valid = False
        if self.is_full:
            return
        if len(self.found) == MAX_FINDINGS:
            self.is_full = True
            finding = _MORE
        self.found.append(finding)


_MORE: Final = EventFinding(
    "event.more",
    "warning",
    "",
    f"The event has more than {MAX_FINDINGS} findings; the others are not listed.",
    "Mend these first, and send it again.",
)


def shown(text: str) -> str:
    """Returns `text` in quotes, cut to MAX_SHOWN characters. What cannot be printed is escaped."""
    cut = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    if cut.isprintable():
        return f'"{cut}"'
    return '"' + "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in cut) + '"'


def kind_of(value: object) -> str:
    """Returns what a JSON value is, in words, without reading it."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"
