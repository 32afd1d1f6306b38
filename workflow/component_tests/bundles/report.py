"""What is found in a bundle, as values that pass between processes as JSON. Pure, and light to import."""

import json
from dataclasses import asdict, dataclass
from typing import Final

PLUGIN_TYPES: Final = ("before", "after", "destination", "enrichment", "utility")
"""The types that a plugin may have."""
PLUGIN_MEMBERS: Final = ("name", "version", "type", "load", "isLoaded")
"""What every plugin has."""
MAX_PLACES: Final = 8
"""How many places of one code are listed. The others are counted."""
MAX_LOADS: Final = 20
MAX_EXCERPT: Final = 160
"""The number of characters of a line that is shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a bundle. `line` and `column` are counted from 1, in characters; `excerpt` is the line around it."""

    line: int
    column: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Construct:
    """Something in a bundle that is named by its code, such as `eval`: where it is first, and how often in all."""

    code: str
    places: tuple[Place, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ScriptLoad:
    """A script that the bundle loads. `url` is as written, with `...` for what is only known when it runs."""

    url: str
    place: Place


@dataclass(frozen=True, slots=True)
class GivenPlugin:
    """What was found of a plugin.

    `how` is the global or export that gives it, empty if that was not found out. `lacks` are its missing members.
    `type` is None if it is only known when the bundle runs. `place` is None if there is nothing like a plugin.
    `is_given`: the bundle has a global or a default export at all.
    """

    how: str = ""
    name: str | None = None
    version: str | None = None
    type: str | None = None
    lacks: tuple[str, ...] = PLUGIN_MEMBERS
    place: Place | None = None
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class BundleReport:
    """All that is found in a bundle by reading it. `plugin` is None if its syntax is broken.

    `is_complete`: all was followed that had to be, so that no construct was missed for the bundle's size.
    """

    is_utf8: bool
    is_complete: bool
    errors: tuple[Construct, ...]
    plugin: GivenPlugin | None
    constructs: tuple[Construct, ...]
    loads: tuple[ScriptLoad, ...]
    more_loads: int

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode("utf-8", "replace")
