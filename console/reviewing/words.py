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
KEYS: Final = {"approve": "a", "propose_approve": "a", "clear": "a", "request_changes": "r", "flag": "r"}
"""The keys that lead to the buttons of decisions."""
COLOURS: Final = {"green": "good", "yellow": "warning", "red": "bad"}
"""The classes of the tags of the runs of Components' tests."""


def decisions_on(review: Mapping[str, Any], *, needs_two: bool) -> tuple[str, ...]:
    """Returns the decisions on a review that are possible by its kind and, if it `needs_two` people, for the visitor.

    The first person proposes an approval. Whose own proposal stands can only ask for changes.
    """
    if review["kind"] == "health":
        return ("clear", "flag")
    if not needs_two:
        return ("approve", "request_changes")
    proposal = review["proposal"]
    return ("request_changes",) if proposal and not proposal["lapsed"] else ("propose_approve", "request_changes")
