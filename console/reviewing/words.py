"""The words and keys of reviews: their kinds, and the decisions on them and on their steps."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

KINDS: Final = {"first": "First", "revision": "Revision", "health": "Health", "appeal": "Appeal"}
STEP_DECISIONS: Final = {
    "pass": "Pass",
    "warn": "Pass with a warning",
    "fail": "Fail",
    "waive": "Waive",
    "rerun": "Take it again",
}
_OF_DECIDED: Final = ("waive", "rerun")
POSSIBLE: Final[Mapping[str, Sequence[str]]] = {
    "pending": ("pass", "warn", "fail", "waive"),
    "passed": _OF_DECIDED,
    "warned": _OF_DECIDED,
    "failed": _OF_DECIDED,
    "waived": ("rerun",),
}
"""The decisions on a step that are possible in each of its states: others are no buttons."""
DECISIONS: Final = {
    "approve": "Approve",
    "request_changes": "Ask for changes",
    "propose_approve": "Propose to approve",
    "clear": "Clear",
    "flag": "Flag",
}
KEYS: Final = {"approve": "a", "clear": "a", "request_changes": "r", "flag": "r"}
"""The keys that lead to the buttons of decisions."""


def decisions_on(review: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the decisions by which a review of its kind ends."""
    return ("clear", "flag") if review["kind"] == "health" else ("approve", "request_changes")
