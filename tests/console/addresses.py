"""Every page's address, from the files of tests/console/pages, and who opens it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import tests.console.pages
from tests.api.running import Service


@dataclass(frozen=True, slots=True)
class Address:
    """A page: `of` makes what it shows, and returns its address. `role` is whose it is, None for everybody.

    With `is_cached` caches may keep it for a few seconds.
    """

    of: Callable[[Service], str]
    role: str | None = None
    is_cached: bool = False


FILES = ("/apps/acme/pictures/00000000-0000-7000-8000-000000000000",)
"""Paths that answer with a file and no page."""


def every_address() -> dict[str, Address]:
    """Returns the addresses of all pages, by module and name."""
    found: dict[str, Address] = {}
    for module in iter_modules(tests.console.pages.__path__):
        addresses = import_module(f"tests.console.pages.{module.name}").ADDRESSES
        found |= {f"{module.name}-{name}": address for name, address in addresses.items()}
    return found
