"""The errors of the workflow, as data: stable codes and texts for people, without HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unmet:
    """An unmet rule: `detail` says what is missing, `remedy` what to do about it, and `facts` what was judged."""

    code: str
    title: str
    detail: str
    remedy: str
    facts: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Returns the rule in the form in which outcomes are stored and returned."""
        return {
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "remedy": self.remedy,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with one value of the input. `pointer` is the value's JSON pointer into the body of the call."""

    pointer: str
    detail: str


def below(pointer: str, part: str | int) -> str:
    """Returns the JSON pointer (RFC 6901) of a part of what `pointer` points to."""
    return f"{pointer}/{str(part).replace('~', '~0').replace('/', '~1')}"


class WorkflowError(Exception):
    """The base class of the workflow's errors. `code` is stable; `detail` and `remedy` are for people."""

    def __init__(self, code: str, detail: str, remedy: str = "") -> None:
        super().__init__(f"{detail} {remedy}".strip())
        self.code = code
        self.detail = detail
        self.remedy = remedy


class NotFound(WorkflowError):
    """Something that was named does not exist, or the actor may not know that it does."""


class Conflict(WorkflowError):
    """The call conflicts with the stored state."""


class Forbidden(WorkflowError):
    """The actor may not make this call."""


class Invalid(WorkflowError):
    """The input is invalid. `misfits` names the values that are wrong, where it is known which ones are."""

    def __init__(self, code: str, detail: str, remedy: str = "", misfits: Sequence[Misfit] = ()) -> None:
        super().__init__(code, detail, remedy)
        self.misfits = tuple(misfits)


class Refused(WorkflowError):
    """Rules are unmet. `unmet` has every one of them."""

    def __init__(self, detail: str, unmet: tuple[Unmet, ...]) -> None:
        super().__init__("rules.unmet", detail, "See `unmet`: each entry says what to do.")
        self.unmet = unmet
