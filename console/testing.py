"""What the pages about testing Components share: words, why a test cannot run now, and messages that are typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from console.json_text import pretty
from console.remedies import REMEDIES
from web.strict_json import UnreadableJsonError, read_json

COLOURS: Final[Mapping[str | None, tuple[str, str]]] = {
    "green": ("Green", "good"),
    "yellow": ("Yellow", "warning"),
    "red": ("Red", "bad"),
    None: ("No result yet", ""),
}
"""The word for a colour, and the class of its tag."""
SCOPES: Final[Mapping[str, str]] = {
    "suite": "The whole suite",
    "event": "One type of event",
    "try_out": "A message of your own",
    "look": "The suite, when we looked again",
    "burst": "Many events at once, for a review",
}
ENDED: Final[Mapping[str, tuple[str, str]]] = {
    "void": ("Could not go on", "warning"),
    "dead": ("The service failed", "bad"),
    "due": ("Under way", ""),
}
"""The word for the status of a run that is not done, and the class of its tag."""


@dataclass(frozen=True, slots=True)
class Mending:
    """Why something cannot be done now: what is missing and, by a link with a label or in words, how to mend it."""

    detail: str
    remedy: str
    href: str | None = None


def mendings_of(
    missing: Sequence[Mapping[str, Any]], component: str, host: str | None, under_way: str | None
) -> list[Mending]:
    """Returns what is missing for a run, each with its link. `component` is the address of the Component's page.

    `host` is that to which it sends, and `under_way` is the address of the run that is under way, if there is one.
    """
    links = {
        "test_settings.missing": ("Give the test key", component + "/test-settings"),
        "test_settings.ended": ("Give the test key again", component + "/test-settings"),
        "test_settings.unreadable": ("Give the test key again", component + "/test-settings"),
        "test_settings.values": ("Give the values that fit the settings", component + "/test-settings"),
        "test_run.host": ("Show that the host is yours", f"/hosts?{urlencode({'host': host or ''})}"),
        **({"test_run.under_way": ("See it", under_way)} if under_way else {}),
    }
    said = (REMEDIES.get(one["code"], one["remedy"]) for one in missing)
    return [
        Mending(one["detail"], *links.get(one["code"], (words, None))) for one, words in zip(missing, said, strict=True)
    ]


def read_message(typed: str) -> tuple[dict[str, Any] | None, str]:
    """Returns the JSON object that was typed and "", or None and what is wrong with it."""
    if not typed.strip():
        return None, "Enter the message as JSON, such as the example."
    try:
        found = read_json(typed.encode())
    except UnreadableJsonError as error:
        return None, str(error)
    return (found, "") if isinstance(found, dict) else (None, "Enter one JSON object, in braces.")


def example_of(event_type: str) -> str:
    """Returns a message of the type to begin with, as JSON."""
    message = {"type": event_type, **_EXAMPLES.get(event_type, {}), "userId": "user-1", "messageId": "message-1"}
    return pretty(message)


_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "track": {"event": "Order Completed", "properties": {"revenue": 19.5, "currency": "USD"}},
    "identify": {"traits": {"email": "robin@example.com", "plan": "Premium"}},
    "page": {"name": "Home", "properties": {"path": "/"}},
    "screen": {"name": "Home", "properties": {}},
    "group": {"groupId": "group-1", "traits": {"name": "Initech"}},
    "alias": {"previousId": "user-0"},
}
