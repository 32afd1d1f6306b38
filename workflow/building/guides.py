"""Guides for partners: templates for documentation and catalog text, the brand kit, and the UTM guide.

A template is also the rule: the documentation must have the template's sections. The texts come from the profile.
"""

from collections.abc import Collection, Sequence

from models.component import ComponentKind
from workflow.errors import NotFound
from workflow.markdown import read_markdown, title_of
from workflow.profile.guides import Guide


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
    titles: dict[str, str] = {}
    for text in texts:
        for title in read_markdown(text).titles:
            titles.setdefault(title_of(title), title)
    return list(titles.values())
