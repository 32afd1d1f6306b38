"""The catalog: listing and delisting Apps in the transaction of their transitions, and finding entries.

An entry shows the snapshot of the App's latest approved submission, never a later edit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.lifecycle import LISTED_STATES
from workflow.pages import PageOf, PageRequest, cut_page, read_cursor
from workflow.sql.arrays import Texts, Uuids, app_ids, statement

ENTRY_PARTS = """
    SELECT coalesce(s.snapshot->'app'->>'name', a.name) AS name,
           coalesce(s.snapshot->'evidence'->'app_info'->>'description', '') AS description,
           coalesce(s.snapshot->'evidence'->'catalog_details'->>'text', '') AS words,
           ARRAY(SELECT jsonb_array_elements_text(
                            CASE jsonb_typeof(s.snapshot->'evidence'->'app_info'->'categories')
                            WHEN 'array' THEN s.snapshot->'evidence'->'app_info'->'categories' ELSE '[]' END)
           ) AS categories
"""

_LIST = statement(
    f"""
    INSERT INTO catalog_entry
           (app_id, slug, badge, categories, kinds, submission_id, listed_at, name_search, search)
    SELECT a.id, a.slug, listed.badge, entry.categories, entry.kinds, s.id, :now, entry.name_search, entry.search
      FROM unnest(:ids, :badges) AS listed (app_id, badge)
      JOIN app a ON a.id = listed.app_id
      JOIN LATERAL (SELECT s.id, s.snapshot FROM submission s JOIN review r ON r.submission_id = s.id
                     WHERE s.app_id = a.id AND r.outcome = 'approved'
                     ORDER BY s.app_version DESC LIMIT 1) s ON true
     CROSS JOIN LATERAL (
           (SELECT c.categories, c.kinds, c.name_search, c.search FROM catalog_entry c
             WHERE c.app_id = a.id AND c.submission_id = s.id
            UNION ALL
            SELECT shown.categories,
                   ARRAY(SELECT DISTINCT c->>'kind' FROM jsonb_array_elements(s.snapshot->'components') c ORDER BY 1),
                   to_tsvector('english', shown.name),
                   setweight(to_tsvector('english', shown.name), 'A')
                   || setweight(to_tsvector('english', array_to_string(shown.categories, ' ')), 'B')
                   || setweight(to_tsvector('english', shown.description), 'C')
                   || setweight(to_tsvector('english', shown.words), 'D')
              FROM ({ENTRY_PARTS}) shown)
            LIMIT 1) entry
     ORDER BY a.id
    ON CONFLICT (app_id) DO UPDATE
       SET badge = excluded.badge, categories = excluded.categories, kinds = excluded.kinds,
           submission_id = excluded.submission_id, name_search = excluded.name_search, search = excluded.search
    """,
    ids=Uuids(),
    badges=Texts(),
)
"""An entry's content depends only on its submission, which never changes. If the entry is of the same submission, its
content is therefore kept, because computing it from the snapshot would cost more than all the rest. A release that
computes it differently needs a migration that deletes all entries and lists the Apps again."""

_TAKE_OFF = app_ids("DELETE FROM catalog_entry WHERE app_id = ANY(:ids)")

_LISTED = ", ".join(f"'{state}'" for state in sorted(LISTED_STATES))
_STRAYS = text(f"""
    SELECT a.id, a.state FROM app a LEFT JOIN catalog_entry c ON c.app_id = a.id
     WHERE a.state IN ({_LISTED}) AND c.badge IS DISTINCT FROM a.state
       AND EXISTS (SELECT FROM review r WHERE r.app_id = a.id AND r.outcome = 'approved')
    UNION ALL
    SELECT a.id, a.state FROM catalog_entry c JOIN app a ON a.id = c.app_id WHERE a.state NOT IN ({_LISTED})
     LIMIT :limit
""")


def list_in_catalog(session: Session, listed: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Lists each App with its badge (its state) and the content of its latest approved submission. Does not commit.

    One statement. The entry of an App that is already listed is updated and keeps its `listed_at`.
    """
    ids, badges = [app_id for app_id, _ in listed], [badge for _, badge in listed]
    session.execute(_LIST, {"ids": ids, "badges": badges, "now": now})


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
        app_ids("SELECT id, state FROM app WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"),
        {"ids": [row.id for row in strays]},
    ).all()
    list_in_catalog(session, [(row.id, row.state) for row in locked if row.state in LISTED_STATES], now)
    take_off_catalog(session, [row.id for row in locked if row.state not in LISTED_STATES])
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
    """The position of an entry in the results: matches of the name (tier 0) before other matches (1), each by slug."""

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
_SHOWN = f"""c.slug, c.badge, c.listed_at, c.submission_id, {_IS_MEMBER} AS select_partner"""
_NEGATIONS = re.compile(r'(?:-[^\w"-]*)+(?=-)')
"""Matches each minus that has nothing but another one to negate. Postgres keeps them on a stack of 32."""
_QUERY = "websearch_to_tsquery('english', :words)"


def list_entries(session: Session, narrowed: CatalogFilter, wanted: PageRequest) -> PageOf[CatalogListing]:
    """Returns a page of the entries, best matches first, in at most two queries.

    Matches of the name come before other matches, each ordered by slug. The others are queried only if the names do
    not fill the page. A finer ranking would have to read every match before it could show one.
    """
    after = ListingCursor(*read_cursor(wanted.after, (int, str))) if wanted.after else None
    limit = wanted.limit + 1
    found: list[CatalogListing] = []
    for tier in (0, 1) if narrowed.words else (1,):
        if len(found) < limit and (after is None or after.tier <= tier):
            start = after.slug if after is not None and after.tier == tier else None
            found += _find(session, narrowed, tier, start, limit - len(found))
    return cut_page(found, wanted.limit, lambda entry: [entry.place.tier, entry.place.slug])


def find_entry(session: Session, slug: str) -> CatalogListing | None:
    """Returns the entry of a listed App, None if no such App is listed."""
    row = session.execute(
        text(f"""
            SELECT {_SHOWN}, 1 AS tier, s.snapshot FROM catalog_entry c JOIN submission s ON s.id = c.submission_id
             WHERE c.slug = :slug
        """),
        {"slug": slug},
    ).one_or_none()
    return None if row is None else _entry(row)


def _find(session: Session, narrowed: CatalogFilter, tier: int, start: str | None, limit: int) -> list[CatalogListing]:
    conditions = narrowed.conditions
    if narrowed.words:
        named = f"c.name_search @@ {_QUERY}"
        conditions = [*conditions, named if tier == 0 else f"c.search @@ {_QUERY} AND NOT {named}"]
    if start is not None:
        conditions = [*conditions, "c.slug > :start"]
    statement = f"""
        SELECT found.*, s.snapshot
          FROM (SELECT {_SHOWN}, {tier} AS tier FROM catalog_entry c
                {f"WHERE {' AND '.join(conditions)}" if conditions else ""} ORDER BY c.slug LIMIT :limit) found
          JOIN submission s ON s.id = found.submission_id ORDER BY found.slug
    """
    values = {
        "words": narrowed.words and _NEGATIONS.sub(" ", narrowed.words),
        "category": narrowed.category,
        "kind": narrowed.kind,
        "badge": narrowed.badge,
        "start": start,
        "limit": limit,
    }
    used = {name: value for name, value in values.items() if value is not None}
    return [_entry(row) for row in session.execute(text(statement), used)]


def _entry(row: Row[Any]) -> CatalogListing:
    return CatalogListing(ListingCursor(row.tier, row.slug), row.badge, row.select_partner, row.listed_at, row.snapshot)
