"""What is wrong with a mapping, as data: a place, words, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.errors import Invalid

MAX_SHOWN = 20
"""The number of problems that an error names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with a mapping. `pointer` is the JSON pointer (RFC 6901) of its place, empty for the whole document."""

    pointer: str
    detail: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the mapping'}: {self.detail} {self.remedy}"


class MappingInvalid(Invalid):
    """A mapping cannot be read (`mapping.invalid`), or makes nothing of an event (`mapping.failed`)."""

    def __init__(self, code: str, problems: Sequence[Problem]) -> None:
        shown = " ".join(f"{one.pointer or 'the mapping'}: {one.detail}" for one in problems[:MAX_SHOWN])
        super().__init__(code, shown, problems[0].remedy)
        self.problems = tuple(problems)


def below(pointer: str, part: str | int) -> str:
    """Returns the JSON pointer of a part of what `pointer` points to."""
    return f"{pointer}/{str(part).replace('~', '~0').replace('/', '~1')}"


def failed(pointer: str, detail: str, remedy: str) -> MappingInvalid:
    """Returns the error of a mapping that makes nothing of an event."""
    return MappingInvalid("mapping.failed", [Problem(pointer, detail, remedy)])


def quoted(text: object) -> str:
    """Returns the beginning of what somebody wrote, for a message."""
    return str(text)[:60]
