"""The kinds of Components as pages show them: their names, their fields, and the states of their tests, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

EVENT_TYPES: Final = ("identify", "track", "page", "screen", "group", "alias", "delete")
TYPES_OF_SETTINGS: Final = (
    ("text", "Text"),
    ("number", "A number"),
    ("boolean", "Yes or no"),
    ("choice", "One of several choices"),
)
TESTED: Final[Mapping[str | None, tuple[str, str]]] = {
    "green": ("Tested", "good"),
    "yellow": ("Tested, with warnings", "warning"),
    "red": ("The latest test is red", "bad"),
    None: ("Not tested", "warning"),
}
"""The word for the colour of a Component, and the class of its tag."""


@dataclass(frozen=True, slots=True)
class Line:
    """A setting of one line."""

    name: str
    label: str
    hint: str = ""
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of Component with its subkind. `code` names it in addresses.

    `groups` are the parts of its form beside single lines: `event_types`, `settings` and `events`.
    """

    code: str
    kind: str
    subkind: str
    title: str
    about: str
    lines: tuple[Line, ...]
    groups: tuple[str, ...] = ()


_URL = Line("url", "Endpoint", "Where events are sent to. It begins with https://.", "url")
_KEY_NAME = Line(
    "api_key_name",
    "Name of the key",
    "As your customers know it, such as Acme API key. Left empty, it is called API key.",
)
_SDK = Line("minimum_sdk_version", "Oldest version of the SDK", "Such as 1.60.")
_OS = Line("minimum_os_version", "Oldest version of the operating system", "Such as 15.0. It may be left empty.")

KINDS: Final[Mapping[str, Kind]] = {
    one.code: one
    for one in (
        Kind(
            "webhook",
            "subscription",
            "webhook",
            "Webhook",
            "Your endpoint is sent each event of a customer, as JSON.",
            (_URL, _KEY_NAME),
            ("event_types", "settings"),
        ),
        Kind(
            "function",
            "subscription",
            "function",
            "Function",
            "Your API is sent requests in the form that it has already: a mapping makes them of the events.",
            (_URL, _KEY_NAME),
            ("event_types", "settings"),
        ),
        Kind("stream", "stream", "", "Stream", "Your product sends events of its own.", (), ("events",)),
        Kind(
            "web",
            "plugin",
            "web",
            "Plugin for the web",
            "A bundle of yours runs in the SDK on a customer's pages.",
            (
                Line(
                    "bundle_url", "Address of the bundle", "A script, at an address that begins with https://.", "url"
                ),
                _SDK,
            ),
        ),
        Kind(
            "ios",
            "plugin",
            "ios",
            "Plugin for iOS",
            "A package of yours runs in the SDK of a customer's app.",
            (Line("package_url", "Address of the package's repository", "It begins with https://.", "url"), _SDK, _OS),
        ),
        Kind(
            "android",
            "plugin",
            "android",
            "Plugin for Android",
            "A package of yours runs in the SDK of a customer's app.",
            (
                Line("package_name", "Coordinates of the package", "Group and name, such as com.acme:insights."),
                _SDK,
                _OS,
            ),
        ),
    )
}
"""The kinds by their codes, in the order in which they are offered."""


def kind_of(component: Mapping[str, Any]) -> Kind:
    """Returns the kind of a Component of the API's."""
    wanted = component["kind"], component["subkind"]
    return next(one for one in KINDS.values() if (one.kind, one.subkind) == wanted)
