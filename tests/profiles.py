"""The profile of another platform, and a search for text that still names the default one."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from workflow.profile.document import Profile
from workflow.profile.loading import load_profile

NORTHWIND = Path(__file__).parents[1] / "examples" / "northwind" / "profile.toml"
NAMES_OF_THE_PROTOCOL = ("Segment.io",)
"""What official SDKs send or expect under this name, whatever the platform."""


def names_of(profile: Profile) -> frozenset[str]:
    """Returns every text by which the profile names its platform: names, hosts, addresses, headers, slugs.

    It takes every field but those that say nothing of the platform itself, so that a new field is searched for too.
    """
    parts = profile.model_dump(exclude={"platform": {"categories"}, "utm": True, "guides": True}).values()
    values = [value for part in parts for value in part.values()]
    texts = [text for value in values for text in ([value] if isinstance(value, str) else value)]
    return frozenset(str(urlsplit(text).hostname) if text.startswith("https://") else text for text in texts)


def default_names_in(text: str) -> list[str]:
    """Returns each place of `text` that names the default platform, with the words around it."""
    for name in NAMES_OF_THE_PROTOCOL:
        text = text.replace(name, "")
    return [text[max(0, found.start() - 60) : found.end() + 60] for found in _DEFAULT.finditer(text)]


_DEFAULT = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(re.escape(name) for name in sorted(names_of(load_profile()), key=len, reverse=True))
    + r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
