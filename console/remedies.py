"""What to do, in the words of pages, where the API names a call: somebody at a page has buttons and links."""

from collections.abc import Mapping
from typing import Any, Final

_WRITE_TO_US: Final = (
    "If your product is really called so, write to us: an admin can allow your company this one, and then it is taken."
)
REMEDIES: Final[Mapping[str, str]] = {
    "access.undecided": "Decide it first, on its own page below Access requests.",
    "check.under_way": "What it finds is on this page within minutes. Have it checked again after that.",
    "owner.must_hand_over": "Hand the ownership over first, on the company's page: invite somebody if nobody is there.",
    "person.holds_reviews": "Hand each over first, on its own page below Reviews.",
    "policy.not_previewed": "Look at what it would change, and publish it from that page.",
    "slug.confusable": f"Choose one that is clearly different. {_WRITE_TO_US}",
    "slug.reserved": f"Choose one that names your product. {_WRITE_TO_US}",
    "test_run.host": "Show that the host is yours first.",
    "test_run.under_way": "Wait for its result, and start another after that.",
    "test_settings.ended": "Give the test key again.",
    "test_settings.missing": "Give the test key first.",
    "test_settings.unreadable": "Give the test key again.",
    "test_settings.values": "Give the values that fit the settings.",
    "token.too_many": "Revoke those that are not in use.",
}
"""The remedy of each error of the API's that names a call, by the error's code."""


def in_page_words(content: dict[str, Any]) -> dict[str, Any]:
    """Returns what the API answered, with the remedy of a refusal as pages say it."""
    said = REMEDIES.get(str(content.get("code")))
    return content if said is None or "remedy" not in content else content | {"remedy": said}
