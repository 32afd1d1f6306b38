"""The catalog entry of an App, made from a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalog shows of an App. Pictures are ids of assets; the first category is the primary one."""

    slug: str
    name: str
    badge: str
    website: str | None
    description: str | None
    categories: tuple[str, ...]
    kinds: tuple[str, ...]
    text: str | None
    logo: str | None
    mark: str | None
    screenshots: tuple[str, ...]
    documentation: str | None


def entry_of(slug: str, name: str, badge: str, snapshot: Mapping[str, Any] | None) -> Entry:
    """Returns the entry for a snapshot; without a snapshot it has only a slug, a name and a badge. Pure.

    It holds nothing private: no support email, no settings, no test account.
    """
    shown = snapshot or {"app": {"name": name}, "evidence": {}, "components": []}
    info = shown["evidence"].get("app_info", {})
    details = shown["evidence"].get("catalog_details", {})
    return Entry(
        slug=slug,
        name=shown["app"]["name"],
        badge=badge,
        website=info.get("website"),
        description=info.get("description"),
        categories=tuple(info.get("categories", ())),
        kinds=tuple(sorted({component["kind"] for component in shown["components"]})),
        text=details.get("text"),
        logo=info.get("logo"),
        mark=info.get("mark"),
        screenshots=tuple(details.get("screenshots", ())),
        documentation=shown["evidence"].get("partner_documentation", {}).get("url"),
    )
