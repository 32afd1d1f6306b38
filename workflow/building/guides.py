"""Guides for partners: templates for documentation and catalog text, the brand kit, and the UTM guide.

A template is also the rule: the documentation must have the template's sections. The texts come from the profile.
"""

import re
from collections.abc import Collection, Sequence

from models.component import ComponentKind
from workflow.errors import NotFound
from workflow.profile.guides import Guide

PLACEHOLDER = re.compile(r"\[\[[^\]\n]{1,100}\]\]")
"""A placeholder in a template, which its writer must replace: [[words in double brackets]]."""
_SECTION = re.compile(r"^## +(.+)$", re.MULTILINE)


def find_guide(guides: Sequence[Guide], name: str) -> Guide:
    """Returns the guide. Raises NotFound."""
    for guide in guides:
        if guide.name == name:
            return guide
    known = ", ".join(guide.name for guide in guides)
    raise NotFound("guide.not_found", f"There is no guide {name}.", f"The guides are: {known}.")


def required_sections(guides: Sequence[Guide], kinds: Collection[str]) -> list[str]:
    """Returns the sections that the documentation of an App with these Components needs, in the templates' order."""
    texts = [find_guide(guides, f"documentation-{kind}").text for kind in ComponentKind if kind in kinds]
    return list(dict.fromkeys(title.strip() for text in texts for title in _SECTION.findall(text)))


def sections_in(text: str) -> dict[str, str]:
    """Returns the text of each section of a markdown text, by its case-folded title."""
    parts = _SECTION.split(text)
    return {title.strip().casefold(): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}
