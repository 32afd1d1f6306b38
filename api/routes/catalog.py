"""The public catalog: Apps in public beta and public, as their latest approved submission shows them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.auth import InContext
from api.context import Session
from api.schemas.entries import EntryAnswer, shown_entry
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import SlugPath
from models.component import ComponentKind
from web.caching import CACHED, IfNoneMatch, cached
from web.problems import PUBLIC
from web.routers import Router
from workflow.catalog.entry import entry_of
from workflow.catalog.listing import CatalogFilter, CatalogListing, find_entry, list_entries
from workflow.errors import Invalid, NotFound
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1", responses=PUBLIC, tags=["everyone"])

MAX_AGE_S = 10
"""How long a cache may show an entry without revalidating it. A suspended App leaves the API's answers at once, and
every cache after this many seconds. A busy page costs the API at most six requests a minute for each cache."""
CATEGORIES_MAX_AGE_S = 300
"""How long a cache may show the categories, which change only with a new profile, without revalidating them."""

Badge = Literal["public_beta", "public"]
Words = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=WITHOUT_NUL,
        description="Words to search for; names are found by parts of words too. Quotes make a phrase, `or` separates "
        "alternatives, `-` excludes a word.",
    ),
]


class CatalogEntryAnswer(EntryAnswer):
    """An App in the catalog, as it was reviewed. Later edits are not in it."""

    badge: Badge
    select_partner: bool
    listed_at: datetime


class CategoryAnswer(BaseModel):
    """A category under which an App can be filed."""

    name: Annotated[str, Field(examples=["Analytics"])]


@router.get("/categories", response_model=Page[CategoryAnswer], responses=CACHED)
async def list_categories(context: InContext, if_none_match: IfNoneMatch = None) -> Response:
    """Lists the categories of the catalog, all on one page."""
    items = [CategoryAnswer(name=name) for name in context.profile.platform.categories]
    return cached(Page(items=items), if_none_match, max_age_s=CATEGORIES_MAX_AGE_S)


@router.get("/catalog", response_model=Page[CatalogEntryAnswer], responses=CACHED)
async def list_catalog(
    context: InContext,
    wanted: Paged,
    q: Words = None,
    category: Annotated[str | None, Query(max_length=64, examples=["Analytics"])] = None,
    kind: ComponentKind | None = None,
    badge: Badge | None = None,
    select: Annotated[bool, Query(description="Only members of the partner program.")] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Lists the catalog by slug. With `q`, names with the words come first, then names with their beginnings."""
    known = context.profile.platform.categories
    if category is not None and category not in known:
        raise Invalid("category.unknown", f"There is no category {category}.", f"One of: {', '.join(known)}.")
    words = q.strip() if q else None
    narrowed = CatalogFilter(words or None, category, kind.value if kind else None, badge, select)

    def work(session: Session) -> Page[CatalogEntryAnswer]:
        return shown_page(list_entries(session, narrowed, wanted), _shown)

    return cached(await context.transact(work), if_none_match, max_age_s=MAX_AGE_S)


@router.get("/catalog/{slug}", response_model=CatalogEntryAnswer, responses=CACHED)
async def read_entry(context: InContext, slug: SlugPath, if_none_match: IfNoneMatch = None) -> Response:
    """Returns one entry of the catalog, or 404 for an App that is not listed."""

    def work(session: Session) -> CatalogEntryAnswer:
        entry = find_entry(session, slug)
        if entry is None:
            raise NotFound("catalog.not_found", f"The catalog has no {slug}.", "Look at the list.")
        return _shown(entry)

    return cached(await context.transact(work), if_none_match, max_age_s=MAX_AGE_S)


def _shown(listed: CatalogListing) -> CatalogEntryAnswer:
    entry = entry_of(listed.place.slug, "", listed.badge, listed.snapshot)
    shown = shown_entry(entry, lambda asset_id: f"/v1/assets/{asset_id}")
    return CatalogEntryAnswer(**shown, select_partner=listed.select_partner, listed_at=listed.listed_at)
