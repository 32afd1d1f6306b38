"""The answer for a catalog entry, which the catalog and preview links share."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field

from workflow.catalog.entry import Entry


class EntryAnswer(BaseModel):
    """An App as the catalog shows it. Pictures are given as addresses. The first category is the primary one."""

    slug: Annotated[str, Field(examples=["acme"])]
    name: Annotated[str, Field(examples=["Acme Insights"])]
    badge: Annotated[str, Field(examples=["public_beta"])]
    website: str | None
    description: str | None
    categories: Annotated[list[str], Field(examples=[["Analytics"]])]
    kinds: Annotated[list[str], Field(examples=[["subscription"]])]
    text: str | None
    logo: str | None
    mark: str | None
    screenshots: list[str]
    documentation: str | None


def shown_entry(entry: Entry, address: Callable[[str], str]) -> dict[str, Any]:
    """Returns the fields of `EntryAnswer`. `address` returns the address of the picture with a given id."""
    pictures = {name: address(asset_id) if asset_id else None for name, asset_id in _pictures(entry).items()}
    return asdict(entry) | pictures | {"screenshots": [address(asset_id) for asset_id in entry.screenshots]}


def _pictures(entry: Entry) -> dict[str, str | None]:
    return {"logo": entry.logo, "mark": entry.mark}
