"""What is wrong with an uploaded picture, each with the remedy that fits it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from workflow.errors import Invalid

MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason to refuse a picture, and what to do about it, each as a sentence."""

    detail: str
    remedy: str


def refusal(problems: Iterable[Problem]) -> Invalid:
    """Returns the error that names every problem and every remedy once, at most the first ten."""
    shown = list(dict.fromkeys(problems))[:MAX_SHOWN]
    details = dict.fromkeys(one.detail for one in shown)
    remedies = dict.fromkeys(one.remedy for one in shown)
    return Invalid("asset.invalid", " ".join(details), " ".join(remedies))
