"""What pages say of a rule that is not met: the API names codes and triggers, which nobody sees who uses pages."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from console.words import MEMBERSHIP_STATES, REQUIREMENTS, REVIEW_KINDS, STATES

Said = tuple[str, str]
"""What is missing, and what to do about it."""
_LOOK_AGAIN: Final = "Look at it as it is now, and decide then."


def in_words(rule: Mapping[str, Any]) -> str:
    """Returns what an unmet rule of the API's answers lacks and what to do about it, in the words of pages."""
    worded = _WORDS.get(rule["code"])
    detail, remedy = (rule["detail"], rule["remedy"]) if worded is None else worded(rule)
    return f"{detail} {remedy}".strip()


def all_in_words(unmet: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns unmet rules in the words of pages, each by itself."""
    return tuple(in_words(rule) for rule in unmet)


def _state_in(rule: Mapping[str, Any]) -> str:
    state = str(rule["facts"].get("state", ""))
    if state in MEMBERSHIP_STATES:
        return MEMBERSHIP_STATES[state][0]
    return STATES.get(state, state.replace("_", " ").capitalize())


def _checklist(rule: Mapping[str, Any]) -> Said:
    lacking = [REQUIREMENTS.get(code, code) for code in rule["facts"]]
    first = "One answer is" if len(lacking) == 1 else f"{len(lacking)} answers are"
    return f"{first} missing or to be mended: {'; '.join(lacking)}.", "Give what is missing, and mend what was found."


def _state(rule: Mapping[str, Any]) -> Said:
    return f"This cannot be done in the present state: {_state_in(rule)}.", ""


def _review(rule: Mapping[str, Any]) -> Said:
    kind = rule["facts"].get("review")
    if kind not in REVIEW_KINDS:
        return "This can be done only while a review is open, and none is.", ""
    return f"This cannot be done now. {REVIEW_KINDS[kind]} is open.", "Wait for its end."


def _role(_: Mapping[str, Any]) -> Said:
    return "People with your role cannot do this.", "Have somebody do it who can."


def _public(rule: Mapping[str, Any]) -> Said:
    detail = f"The partner program is only for public Apps. The state of this one: {_state_in(rule)}."
    return detail, "Wait until it is public: its page Customers says what is missing."


def _moved_on(_: Mapping[str, Any]) -> Said:
    return "The App has changed since this page was shown.", _LOOK_AGAIN


def _other_state(rule: Mapping[str, Any]) -> Said:
    return f"The state of the App has changed since this page was shown: {_state_in(rule)}.", _LOOK_AGAIN


def _other_review(_: Mapping[str, Any]) -> Said:
    return "The review that this page showed has ended.", _LOOK_AGAIN


def _urgent(rule: Mapping[str, Any]) -> Said:
    return rule["detail"], "Submit it as one that is not urgent."


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Said]]] = {
    "app.public": _public,
    "checklist.complete": _checklist,
    "review.allows": _review,
    "review.expected": _other_review,
    "role.allowed": _role,
    "state.allows": _state,
    "state.expected": _other_state,
    "urgent.bounded": _urgent,
    "version.expected": _moved_on,
}
"""The words of the rules of which the API speaks in codes. The page asks for the reason of what is urgent itself."""
