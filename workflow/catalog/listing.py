"""The catalog: listing and delisting Apps in the transaction of their transitions, and finding entries.

An entry shows the snapshot of the App's latest approved submission, never a later edit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.lifecycle import LISTED_STATES
from workflow.catalog.snapshots import CATEGORIES
from workflow.catalog.words import Wanted, name_search_of, wanted_by, within_of
from workflow.pages import PageOf, PageRequest, cut_page, read_cursor
from workflow.sql.arrays import Integers, Texts, Uuids, app_ids, statement


@dataclass(frozen=True, slots=True)
class Listed:
    """What the catalog shows of an App: its state as the badge, and the version that submitted what is published."""

    app_id: UUID
    badge: str
    published: int


_PLAN = "LEFT JOIN planned_publication plan ON plan.app_id = a.id AND plan.ended_at IS NULL"
_SHOWN_VERSION = "CASE WHEN plan.app_id IS NULL THEN a.published ELSE plan.shown END"
SHOWN_SUBMISSION = f"{_PLAN} JOIN submission s ON s.app_id = a.id AND s.app_version = {_SHOWN_VERSION}"
"""Joins to `app a` the submission that everybody sees: what is published, or what was before until a planned day."""

ENTRY_PARTS = f"""
    SELECT coalesce(s.snapshot->'app'->>'name', a.name) AS name,
           coalesce(s.snapshot->'evidence'->'app_info'->>'description', '') AS description,
           coalesce(s.snapshot->'evidence'->'catalog_details'->>'text', '') AS words,
           {CATEGORIES} AS categories
"""

_LIST = statement(
    f"""
    INSERT INTO catalog_entry
           (app_id, slug, badge, categories, kinds, submission_id, listed_at, name_search, search)
    SELECT a.id, a.slug, listed.badge, entry.categories, entry.kinds, s.id, :now, entry.name_search, entry.search
      FROM unnest(:ids, :badges, :published) AS listed (app_id, badge, published)
      JOIN app a ON a.id = listed.app_id
      {_PLAN}
      JOIN submission s ON s.app_id = a.id
                       AND s.app_version = CASE WHEN plan.app_id IS NULL THEN listed.published ELSE plan.shown END
     CROSS JOIN LATERAL (
           (SELECT c.categories, c.kinds, c.name_search, c.search FROM catalog_entry c
             WHERE c.app_id = a.id AND c.submission_id = s.id
            UNION ALL
            SELECT shown.categories,
                   ARRAY(SELECT DISTINCT c->>'kind' FROM jsonb_array_elements(s.snapshot->'components') c ORDER BY 1),
                   {name_search_of("shown.name")},
                   setweight(to_tsvector('english', shown.name), 'A')
                   || setweight(to_tsvector('english', array_to_string(shown.categories, ' ')), 'B')
                   || setweight(to_tsvector('english', shown.description), 'C')
                   || setweight(to_tsvector('english', shown.words), 'D')
                   || {within_of("shown.name")}
              FROM ({ENTRY_PARTS}) shown)
            LIMIT 1) entry
     ORDER BY a.id
    ON CONFLICT (app_id) DO UPDATE
       SET badge = excluded.badge, categories = excluded.categories, kinds = excluded.kinds,
           submission_id = excluded.submission_id, name_search = excluded.name_search, search = excluded.search
    """,
    ids=Uuids(),
    badges=Texts(),
    published=Integers(),
)
"""An entry's content depends only on its submission, which never changes. If the entry is of the same submission, its
content is therefore kept, because computing it from the snapshot would cost more than all the rest. A release that
computes it differently needs a migration that deletes all entries and lists the Apps again."""

_TAKE_OFF = app_ids("DELETE FROM catalog_entry WHERE app_id = ANY(:ids)")

_LISTED = ", ".join(f"'{state}'" for state in sorted(LISTED_STATES))
_STRAYS = text(f"""
    SELECT a.id, a.state FROM app a
      {_PLAN}
      LEFT JOIN catalog_entry c ON c.app_id = a.id
      LEFT JOIN submission s ON s.id = c.submission_id
     WHERE a.state IN ({_LISTED}) AND s.app_version IS DISTINCT FROM {_SHOWN_VERSION}
        OR a.state IN ({_LISTED}) AND c.badge <> a.state
    UNION ALL
    SELECT a.id, a.state FROM catalog_entry c JOIN app a ON a.id = c.app_id WHERE a.state NOT IN ({_LISTED})
     LIMIT :limit
""")


def list_in_catalog(session: Session, listed: Sequence[Listed], now: datetime) -> None:
    """Lists each App with its badge and the content of what is published. Does not commit.

    One statement. The entry of an App that is already listed is updated and keeps its `listed_at`.
    """
    values = {
        "ids": [one.app_id for one in listed],
        "badges": [one.badge for one in listed],
        "published": [one.published for one in listed],
        "now": now,
    }
    session.execute(_LIST, values)


def take_off_catalog(session: Session, ids: Sequence[UUID]) -> None:
    """Removes the Apps from the catalog. One statement. Does not commit."""
    session.execute(_TAKE_OFF, {"ids": list(ids)})


def mend_catalog(session: Session, now: datetime, *, limit: int = 10_000) -> int:
    """Corrects up to `limit` entries that do not match their Apps' states, and returns how many. Does not commit.

    There are none, except for Apps that changed state while a release without the catalog was still running. Locks
    those Apps.
    """
    strays = session.execute(_STRAYS, {"limit": limit}).all()
    if not strays:
        return 0
    locked = session.execute(
        app_ids(f"""
            SELECT a.id, a.state, a.published, {_SHOWN_VERSION} AS shown FROM app a {_PLAN}
             WHERE a.id = ANY(:ids) ORDER BY a.id FOR NO KEY UPDATE OF a
        """),
        {"ids": [row.id for row in strays]},
    ).all()
    listed = [Listed(row.id, row.state, row.published) for row in locked if row.state in LISTED_STATES]
    list_in_catalog(session, listed, now)
    take_off_catalog(session, [row.id for row in locked if row.state not in LISTED_STATES or row.shown is None])
    return len(locked)


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """Which entries are wanted. None means any; `words` has the syntax of a web search."""

    words: str | None = None
    category: str | None = None
    kind: str | None = None
    badge: str | None = None
    select_partner: bool = False

    @property
    def conditions(self) -> list[str]:
        """The SQL conditions for everything but the words."""
        return [
            condition
            for asked, condition in (
                (self.category, "c.categories @> ARRAY[:category]::text[]"),
                (self.kind, "c.kinds @> ARRAY[:kind]::text[]"),
                (self.badge, "c.badge = :badge"),
                (self.select_partner, f"{_IS_MEMBER}"),
            )
            if asked
        ]


@dataclass(frozen=True, slots=True)
class ListingCursor:
    """The position of an entry in the results: by its tier, then by its slug.

    Names of which the words are words are tier 0, names of which they begin words tier 1, all other matches tier 2.
    """

    tier: int
    slug: str


@dataclass(frozen=True, slots=True)
class CatalogListing:
    """A catalog entry: its position, the App's badge, whether the App is a member, and the approved snapshot."""

    place: ListingCursor
    badge: str
    select_partner: bool
    listed_at: datetime
    snapshot: Mapping[str, Any]


_IS_MEMBER = """c.badge = 'public' AND EXISTS (SELECT FROM membership m
                                              WHERE m.app_id = c.app_id AND m.state = 'member')"""
_SHOWN = f"""c.app_id, c.slug, c.badge, c.listed_at, {_IS_MEMBER} AS select_partner"""
PUBLISHED_OF = f"""
    JOIN app a ON a.id = c.app_id AND a.state = c.badge
    {SHOWN_SUBMISSION}
"""
"""Joins the submission that everybody sees to `catalog_entry c`, by which an App is found but never shown."""
_QUERIES = ("name", "beginning", "anywhere", "without", "without_name")
_ALL = 2
"""The tier of all entries where no words are looked for."""


def list_entries(session: Session, narrowed: CatalogFilter, wanted: PageRequest) -> PageOf[CatalogListing]:
    """Returns a page of the entries, best matches first, in at most four queries.

    Matches of whole words of the name come first, then those of their beginnings, then all others, each ordered by
    slug. A tier is queried only if those before it do not fill the page. A finer ranking would have to read every
    match before it could show one.
    """
    after = ListingCursor(*read_cursor(wanted.after, (int, str))) if wanted.after else None
    limit = wanted.limit + 1
    found: list[CatalogListing] = []
    looked_for = wanted_by(session, narrowed.words) if narrowed.words else None
    if looked_for is not None and looked_for.is_empty:
        return cut_page(found, wanted.limit, lambda entry: [entry.place.tier, entry.place.slug])
    for tier in (0, 1, 2) if looked_for else (_ALL,):
        if len(found) < limit and (after is None or after.tier <= tier):
            start = after.slug if after is not None and after.tier == tier else None
            found += _find(session, narrowed, looked_for, tier, start, limit - len(found))
    return cut_page(found, wanted.limit, lambda entry: [entry.place.tier, entry.place.slug])


def find_entry(session: Session, slug: str) -> CatalogListing | None:
    """Returns the entry of a listed App, None if no such App is listed."""
    row = session.execute(
        text(f"""
            SELECT {_SHOWN}, {_ALL} AS tier, s.snapshot FROM catalog_entry c {PUBLISHED_OF}
             WHERE c.slug = :slug
        """),
        {"slug": slug},
    ).one_or_none()
    return None if row is None else _entry(row)


def _conditions_of(looked_for: Wanted, tier: int) -> list[str] | None:
    """Returns the SQL conditions of a tier, None for a tier that nothing can be in."""
    queries = (looked_for.name, looked_for.beginning, looked_for.anywhere)
    if queries[tier] is None and (tier != _ALL or any(queries)):
        return None
    matches = (
        f"c.name_search @@ {_NAME}",
        f"c.name_search @@ {_BEGINNING}",
        f"c.search @@ {_ANYWHERE}",
    )
    before = [f"NOT {match}" for match, query in zip(matches[:tier], queries, strict=False) if query]
    unwanted = (
        (looked_for.without, "NOT c.search @@ CAST(:without AS tsquery)"),
        (looked_for.without_name, "NOT c.name_search @@ CAST(:without_name AS tsquery)"),
    )
    return [
        *([matches[tier]] if queries[tier] else []),
        *before,
        *(condition for query, condition in unwanted if query),
    ]


_NAME, _BEGINNING, _ANYWHERE = (f"CAST(:{query} AS tsquery)" for query in ("name", "beginning", "anywhere"))


def _find(
    session: Session, narrowed: CatalogFilter, looked_for: Wanted | None, tier: int, start: str | None, limit: int
) -> list[CatalogListing]:
    matching = _conditions_of(looked_for, tier) if looked_for else []
    if matching is None:
        return []
    conditions = [*narrowed.conditions, *matching]
    if start is not None:
        conditions = [*conditions, "c.slug > :start"]
    statement = f"""
        SELECT found.*, s.snapshot
          FROM (SELECT {_SHOWN}, {tier} AS tier FROM catalog_entry c
                {f"WHERE {' AND '.join(conditions)}" if conditions else ""} ORDER BY c.slug LIMIT :limit) found
          {PUBLISHED_OF.replace("c.", "found.")} ORDER BY found.slug
    """
    values = {
        **({query: getattr(looked_for, query) for query in _QUERIES} if looked_for else {}),
        "category": narrowed.category,
        "kind": narrowed.kind,
        "badge": narrowed.badge,
        "start": start,
        "limit": limit,
    }
    used = {name: value for name, value in values.items() if value is not None and f":{name}" in statement}
    return [_entry(row) for row in session.execute(text(statement), used)]


def _entry(row: Row[Any]) -> CatalogListing:
    return CatalogListing(ListingCursor(row.tier, row.slug), row.badge, row.select_partner, row.listed_at, row.snapshot)
