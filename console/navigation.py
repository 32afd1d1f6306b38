"""The links of every page's head. Each module of pages names its own in LINKS, so that each leads to a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

PARTNER, REVIEWER, ADMIN = "partner", "reviewer", "admin"
STAFF = (REVIEWER, ADMIN)
PEOPLE = (PARTNER, *STAFF)
"""The roles of people, who can sign in."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link for people with one of `roles`, placed by `order`. The one that is `home` is their first page."""

    href: str
    label: str
    roles: tuple[str, ...]
    order: int = 100
    home: bool = False


def links_in(modules: Iterable[ModuleType]) -> tuple[Link, ...]:
    """Returns the links that the modules have, in order."""
    found = [link for module in modules for link in getattr(module, "LINKS", ())]
    return tuple(sorted(found, key=lambda link: (link.order, link.label)))
