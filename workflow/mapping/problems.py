"""What is wrong with a mapping, as data: a place, words, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.errors import Invalid, Misfit

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
    """A mapping cannot be read (`mapping.invalid`), or makes nothing of an event (`mapping.failed`).

    The pointers of its `misfits` lead into the field `mapping` of the call, also if the stored mapping was tried.
    """

    def __init__(self, code: str, problems: Sequence[Problem]) -> None:
        shown = " ".join(f"{one.pointer or 'the mapping'}: {one.detail}" for one in problems[:MAX_SHOWN])
        misfits = [Misfit(f"/mapping{one.pointer}", f"{one.detail} {one.remedy}") for one in problems[:MAX_SHOWN]]
        super().__init__(code, shown, problems[0].remedy, misfits)
        self.problems = tuple(problems)


def failed(pointer: str, detail: str, remedy: str) -> MappingInvalid:
    """Returns the error of a mapping that makes nothing of an event."""
    return MappingInvalid("mapping.failed", [Problem(pointer, detail, remedy)])


def quoted(text: object) -> str:
    """Returns the beginning of what somebody wrote, for a message."""
    return str(text)[:60]
