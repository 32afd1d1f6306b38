"""The links of every page's head and of an App's pages. Each module of pages names its own: each leads to a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

PARTNER, REVIEWER, ADMIN = "partner", "reviewer", "admin"
STAFF = (REVIEWER, ADMIN)
PEOPLE = (PARTNER, *STAFF)
"""The roles of people, who can sign in."""
STRANGER = "stranger"
"""Stands for whoever is not signed in."""
EVERYBODY = (*PEOPLE, STRANGER)


@dataclass(frozen=True, slots=True)
class Link:
    """A link for people with one of `roles`, placed by `order`. The one that is `home` is their first page."""

    href: str
    label: str
    roles: tuple[str, ...]
    order: int = 100
    home: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A page of each App, below the App's own address by `path`, placed by `order`."""

    path: str
    label: str
    order: int = 100

    def href(self, slug: str) -> str:
        """Returns the address of the page for an App."""
        return f"/apps/{slug}{self.path}"


@dataclass(frozen=True, slots=True)
class ComponentPart:
    """A page of each Component of some `kinds`, below the Component's own address by `path`, placed by `order`.

    `kinds` are codes of `console/component_kinds.py`, such as `webhook`.
    """

    path: str
    label: str
    kinds: tuple[str, ...]
    order: int = 100


def links_in(modules: Iterable[ModuleType]) -> tuple[Link, ...]:
    """Returns the links that the modules have, in order."""
    found = [link for module in modules for link in getattr(module, "LINKS", ())]
    return tuple(sorted(found, key=lambda link: (link.order, link.label)))


def parts_in(modules: Iterable[ModuleType]) -> tuple[Part, ...]:
    """Returns the parts of an App's pages that the modules have in PARTS, in order."""
    found = [part for module in modules for part in getattr(module, "PARTS", ())]
    return tuple(sorted(found, key=lambda part: (part.order, part.label)))


def component_parts_in(modules: Iterable[ModuleType]) -> tuple[ComponentPart, ...]:
    """Returns the parts of a Component's pages that the modules have in COMPONENT_PARTS, in order."""
    found = [part for module in modules for part in getattr(module, "COMPONENT_PARTS", ())]
    return tuple(sorted(found, key=lambda part: (part.order, part.label)))
