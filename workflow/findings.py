"""Findings: the problems that a check or a reviewer found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that was found: a stable code, a description, what to do about it, and where it is."""

    code: str
    detail: str
    remedy: str = ""
    where: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "remedy": self.remedy, "where": self.where}
