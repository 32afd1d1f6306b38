"""What a machine or a person found wrong, as a value: a stable code, words, how to mend it, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a step found: a stable code, words, how to mend it, and where."""

    code: str
    detail: str
    remedy: str = ""
    where: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "remedy": self.remedy, "where": self.where}
