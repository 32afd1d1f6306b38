"""Findings: the problems that a check or a reviewer found."""

from dataclasses import dataclass

from models.checklist import GIVEN_REQUIREMENTS
from models.steps import STEPS


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that was found: a stable code, a description, what to do about it, and where it is.

    A step's findings with the same code and the same place are the same problem, in whatever round. `evidence` is what
    shows the problem: the line, the tag or the answer, as it was found.
    """

    code: str
    detail: str
    remedy: str = ""
    where: str = ""
    evidence: str = ""

    def as_dict(self) -> dict[str, str]:
        told = {"code": self.code, "detail": self.detail, "remedy": self.remedy, "where": self.where}
        return told | {"evidence": self.evidence} if self.evidence else told


def where_to_fix(step: str, slug: str) -> str:
    """Returns the API path at which a step's findings can be fixed: its requirement's evidence, or the Components."""
    requirement = STEPS[step].requirement if step in STEPS else None
    path = f"/v1/apps/{slug}"
    return f"{path}/checklist/{requirement}" if requirement in GIVEN_REQUIREMENTS else f"{path}/components"
