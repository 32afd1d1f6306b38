"""What a guide is, which guides are built in, and how a profile's words are filled into a text. Data without I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.checklist import Requirement
from models.component import ComponentKind

_WORD = re.compile(r"\{\{\s*([^{}\n]{1,100}?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Guide:
    """A page that is handed out, in Markdown. `serves` is the requirement of the checklist that it helps with."""

    name: str
    title: str
    serves: Requirement
    text: str


_DOCUMENTATION = Requirement.PLATFORM_DOCUMENTATION

BUILT_IN: tuple[tuple[str, str, Requirement], ...] = (
    (f"documentation-{ComponentKind.SUBSCRIPTION}", "Template: documentation of a subscription", _DOCUMENTATION),
    (f"documentation-{ComponentKind.STREAM}", "Template: documentation of a stream", _DOCUMENTATION),
    (f"documentation-{ComponentKind.PLUGIN}", "Template: documentation of a plugin", _DOCUMENTATION),
    ("catalog-text", "Template: the text of the catalog entry", Requirement.CATALOG_DETAILS),
    ("brand-kit", "The brand kit: how to write and show the platform's name", Requirement.PARTNERS_PAGE),
    ("utm", "Links with UTM parameters", Requirement.PARTNERS_PAGE),
)
"""Name, title and requirement of each built-in guide. To add one: write docs/guides/NAME.md and name it here."""


def fill_words(text: str, words: Mapping[str, str]) -> str:
    """Returns `text` with `{{name}}` replaced by `words[name]`; an unknown name is left as it is."""
    return _WORD.sub(lambda found: words.get(found.group(1), found.group(0)), text)


def unknown_words(text: str, words: Mapping[str, str]) -> list[str]:
    """Returns every name in double braces that `words` does not have, once each, in the text's order."""
    return [name for name in dict.fromkeys(_WORD.findall(text)) if name not in words]
