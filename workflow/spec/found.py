"""What is found about an event, and how foreign text is shown in it."""

from dataclasses import dataclass
from typing import Final, Literal

MAX_FINDINGS: Final = 20
"""Findings of one event. A further one is replaced by a note that there are more."""
MAX_SHOWN: Final = 60
"""Characters of a foreign text that a finding shows."""

Level = Literal["error", "warning"]
"""An event with an error is not valid. One with warnings only is."""


@dataclass(frozen=True, slots=True)
class EventFinding:
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
        return {
            "code": self.code,
            "level": self.level,
            "pointer": self.pointer,
            "detail": self.detail,
            "remedy": self.remedy,
        }


class Findings:
    """The findings of one event while it is judged. Errors count towards `valid` even beyond MAX_FINDINGS."""

    __slots__ = ("found", "valid")

    def __init__(self) -> None:
        self.found: list[EventFinding] = []
        self.valid = True

    @property
    def is_full(self) -> bool:
        return len(self.found) > MAX_FINDINGS

    def error(self, code: str, pointer: str, detail: str, remedy: str) -> None:
        self.valid = False
        self._keep(EventFinding(code, "error", pointer, detail, remedy))

    def warning(self, code: str, pointer: str, detail: str, remedy: str) -> None:
        self._keep(EventFinding(code, "warning", pointer, detail, remedy))

    def add(self, finding: EventFinding) -> None:
        self.valid = self.valid and not finding.is_error
        self._keep(finding)

    def _keep(self, finding: EventFinding) -> None:
        if len(self.found) < MAX_FINDINGS:
            self.found.append(finding)
        elif not self.is_full:
            detail = f"The event has more than {MAX_FINDINGS} findings; the others are not listed."
            self.found.append(EventFinding("event.more", "warning", "", detail, "Mend these first, and send it again."))


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
