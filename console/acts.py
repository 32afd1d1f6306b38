"""What a partner may ask for beside submitting: the words of each act, and when it is offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

FILLED_BY_THE_FORM: Final = frozenset({"reason.given", "reasons.given"})
"""The codes of the rules that are unmet only because nothing has been typed yet."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act: its button, its heading, what becomes of the App, and what is asked for in words.

    `without_words` is said to whoever types none, if the act needs them.
    """

    button: str
    heading: str
    becomes: tuple[str, ...]
    words: str
    without_words: str = ""

    @property
    def needs_words(self) -> bool:
        """Whether the act is refused without words."""
        return bool(self.without_words)


ACTS: Final[Mapping[str, Act]] = {
    "withdraw": Act(
        "Withdraw the submission",
        "Withdraw the submission of {}",
        (
            "The review ends without a decision, and the draft can be edited again.",
            "What is public stays as it is.",
            "An appeal that is withdrawn is used up.",
        ),
        "Why, for the reviewers (you may leave it out)",
    ),
    "appeal": Act(
        "Appeal the decision",
        "Appeal the decision about {}",
        (
            "Somebody who had no part in the decision looks at what was sent back.",
            "Every decision can be appealed once. Submitting again instead accepts it.",
        ),
        "Why the decision should be another",
        "Say why the decision should be another.",
    ),
    "unlist": Act(
        "Take it off the catalog",
        "Take {} off the catalog",
        (
            "Nobody new finds it. Workspaces that have enabled it keep it.",
            "You can put it back, as a public beta, and it becomes public again by itself.",
        ),
        "Why, for the reviewers (you may leave it out)",
    ),
    "relist": Act(
        "Put it back into the catalog",
        "Put {} back into the catalog",
        ("The catalog shows it again as a public beta. It becomes public again by itself.",),
        "A word for the reviewers (you may leave it out)",
    ),
}
"""The acts by their trigger, in the order in which they are offered."""


def is_offered(judged: Mapping[str, Any]) -> bool:
    """Returns whether the act of a judged trigger is offered: nothing is against it but that nothing is typed yet."""
    return bool(judged["possible"]) or {one["code"] for one in judged["unmet"]} <= FILLED_BY_THE_FORM


def offered(triggers: Sequence[Mapping[str, Any]]) -> dict[str, Act]:
    """Returns the acts that are offered now."""
    judged = {one["trigger"]: one for one in triggers}
    return {name: act for name, act in ACTS.items() if name in judged and is_offered(judged[name])}
