"""What clients for partners' addresses say of an address, as errors with a `code` and a `detail`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no answer came from an address, or why it must not be asked."""

    code: str
    detail: str
    remedy: str


def refusal_in(error: Exception) -> Refusal | None:
    """Returns what the error says of the address, None if it is about something else."""
    code, detail = getattr(error, "code", None), getattr(error, "detail", None)
    if code is None or detail is None:
        return None
    return Refusal(str(code), str(detail), str(getattr(error, "remedy", "")))
