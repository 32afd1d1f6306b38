"""What can go wrong below the API, as data: stable codes and words, no HTTP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a rule does not hold: `detail` says what is missing, `remedy` how to mend it, `facts` what was judged."""

    code: str
    title: str
    detail: str
    remedy: str
    facts: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Returns the shape in which outcomes are stored and answered."""
        return {
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "remedy": self.remedy,
            "facts": dict(self.facts),
        }


class WorkflowError(Exception):
    """The root of all errors of the workflow. `code` is stable; `detail` and `remedy` are for people."""

    def __init__(self, code: str, detail: str, remedy: str = "") -> None:
        super().__init__(f"{detail} {remedy}".strip())
        self.code = code
        self.detail = detail
        self.remedy = remedy


class NotFound(WorkflowError):
    """What was named does not exist, or the actor may not know that it does."""


class Conflict(WorkflowError):
    """What was asked does not fit what is stored."""


class Forbidden(WorkflowError):
    """The actor's role does not allow the call."""


class Invalid(WorkflowError):
    """What was given cannot be taken as it is."""


class Refused(WorkflowError):
    """Rules are unmet; `unmet` names every one."""

    def __init__(self, detail: str, unmet: tuple[Unmet, ...]) -> None:
        super().__init__("rules.unmet", detail, "See `unmet`: each entry says what to do.")
        self.unmet = unmet
