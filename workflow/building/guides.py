"""What partners are handed out: templates for documentation and catalog text, the brand kit, and the UTM guide.

A template is also the rule: what it has as sections must be in what is written by it. The texts come from the profile.
"""

import re
from collections.abc import Collection, Sequence

from models.component import ComponentKind
from workflow.errors import NotFound
from workflow.profile.guides import Guide

PLACEHOLDER = re.compile(r"\[\[[^\]\n]{1,100}\]\]")
"""What a template leaves to its writer: [[words in double brackets]]."""
_SECTION = re.compile(r"^## +(.+)$", re.MULTILINE)


def find_guide(guides: Sequence[Guide], name: str) -> Guide:
    """Returns the guide. Raises NotFound."""
    for guide in guides:
        if guide.name == name:
            return guide
    known = ", ".join(guide.name for guide in guides)
    raise NotFound("guide.not_found", f"There is no guide {name}.", f"Those are: {known}.")


def sections_wanted(guides: Sequence[Guide], kinds: Collection[str]) -> list[str]:
    """Returns the sections that the documentation of an App with such Components has, in the templates' order."""
    texts = [find_guide(guides, f"documentation-{kind}").text for kind in ComponentKind if kind in kinds]
    return list(dict.fromkeys(title.strip() for text in texts for title in _SECTION.findall(text)))


def sections_in(text: str) -> dict[str, str]:
    """Returns the sections of a markdown text by title, lower case, with what is written in each."""
    parts = _SECTION.split(text)
    return {title.strip().casefold(): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}
