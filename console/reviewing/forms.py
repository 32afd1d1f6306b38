"""The forms of a review's page, with what was typed into them, which the page keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from console.forms import Form

MAX_WORDS_BYTES: Final = 256 * 1024
"""The largest form with words of a reviewer's: a draft has up to 20,000 characters, each of up to twelve bytes."""


@dataclass(frozen=True, slots=True)
class ReviewForms:
    """The forms with what was typed, the saved reasons that are ticked, and the `mails` of the `wanted` decision."""

    ticked: frozenset[str] = frozenset()
    decision: Form = field(default_factory=Form)
    message: Form = field(default_factory=Form)
    note: Form = field(default_factory=Form)
    step: Form = field(default_factory=Form)
    step_code: str = ""
    mails: Sequence[Mapping[str, Any]] = ()
    wanted: str = ""


def ticked_in(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Returns the codes of the saved reasons that are ticked in a form."""
    return [value for name, value in pairs if name == "saved"]
