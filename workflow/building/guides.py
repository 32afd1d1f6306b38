"""What partners are handed out: templates for documentation and catalog text, the brand kit, and the UTM guide.

A template is also the rule: what it has as sections must be in what is written by it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.component import ComponentKind
from workflow.errors import NotFound

FOLDER = Path(__file__).parents[2] / "docs" / "guides"
PLACEHOLDER = re.compile(r"\[\[[^\]\n]{1,100}\]\]")
"""What a template leaves to its writer: [[words in double brackets]]."""
_SECTION = re.compile(r"^## +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Guide:
    """A page that is handed out, in markdown. `serves` is the requirement of the checklist that it helps with."""

    name: str
    title: str
    serves: str

    @property
    def text(self) -> str:
        return _read(self.name)


GUIDES: tuple[Guide, ...] = (
    Guide("documentation-subscription", "Template: documentation of a subscription", "platform_documentation"),
    Guide("documentation-stream", "Template: documentation of a stream", "platform_documentation"),
    Guide("documentation-plugin", "Template: documentation of a plugin", "platform_documentation"),
    Guide("catalog-text", "Template: the text of the catalog entry", "catalog_details"),
    Guide("brand-kit", "The brand kit: how to write and show the platform's name", "partners_page"),
    Guide("utm", "Links with UTM parameters", "partners_page"),
)
"""To add a guide: write docs/guides/NAME.md and name it here."""


def find_guide(name: str) -> Guide:
    """Returns the guide. Raises NotFound."""
    for guide in GUIDES:
        if guide.name == name:
            return guide
    known = ", ".join(guide.name for guide in GUIDES)
    raise NotFound("guide.not_found", f"There is no guide {name}.", f"Those are: {known}.")


def sections_wanted(kinds: Collection[str]) -> list[str]:
    """Returns the sections that the documentation of an App with such Components has, in the templates' order."""
    names = [f"documentation-{kind}" for kind in ComponentKind if kind in kinds]
    return list(dict.fromkeys(title.strip() for name in names for title in _SECTION.findall(_read(name))))


def sections_in(text: str) -> dict[str, str]:
    """Returns the sections of a markdown text by title, lower case, with what is written in each."""
    parts = _SECTION.split(text)
    return {title.strip().casefold(): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


@lru_cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")
