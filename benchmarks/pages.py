"""Pages of fifty rows: the review queue, an App's log, the catalog and its search, with few Apps and with very many.

Measures the time in the database, planning included, of all statements of a page.
"""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from api.context import now_of
from benchmarks import console_pages
from benchmarks.database_time import milliseconds_in_database
from benchmarks.figure import Figure, Scale
from benchmarks.filling import add_shown_apps
from benchmarks.stage import stage
from models import App
from models.base import new_id
from models.lifecycle import Role
from workflow.catalog.listing import CatalogFilter, list_entries
from workflow.identity.actors import Actor
from workflow.lifecycle.reading import list_log
from workflow.pages import PageRequest
from workflow.reviewing.queue import QueueFilter, list_reviews

FEW, SIZE, LOOKS = 10_000, 50, 7

LOOKED_FOR = {
    "the catalog": CatalogFilter(),
    "the catalog, a category": CatalogFilter(category="CRM"),
    "the catalog, a kind that nothing is": CatalogFilter(kind="audience"),
    "the catalog, an empty badge": CatalogFilter(badge="public"),
    "search: a word in every name": CatalogFilter(words="connector"),
    "search: a rare word": CatalogFilter(words="zebra"),
    "search: the beginning of a word in every name": CatalogFilter(words="connect"),
    "search: the beginning of a rare word": CatalogFilter(words="zeb"),
    "search: within a rare word": CatalogFilter(words="ebra"),
    "search: a word in every text but no name": CatalogFilter(words="needed"),
    "search: a word that is nowhere": CatalogFilter(words="unicorn"),
}


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the database time (ms) of each page, beside its goal and beside the same page with 10,000 Apps.

    Begins with pages of the console as a browser gets them.
    """
    yield from console_pages.measure(scale)
    few: dict[str, float] = {}
    there = 100
    with stage(apps=there) as on:
        for apps in (FEW, scale.of(100_000, 20_000), scale.of(1_000_000, 30_000)):
            add_shown_apps(on.engine, there + 1, apps)
            on.settle()
            there = apps
            found = milliseconds(on.url)
            few = few or found
            for name, took in found.items():
                yield Figure(f"pages: {name}, {apps:,} Apps", took, "ms", "goal: under", 5)
                if apps > FEW:
                    against = f"{FEW:,} Apps (goal: at most 1.5 x)"
                    yield Figure(f"pages: {name}, {apps:,} Apps", took, "ms", against, few[name])


def milliseconds(url: str) -> dict[str, float]:
    """Returns the database time (ms) of each kind of page."""
    engine = create_engine(url)
    with Session(engine) as session:
        measured = partial(milliseconds_in_database, engine, session, looks=LOOKS)
        app_id = session.scalars(select(App.id).where(App.slug == "app-5000")).one()
        found = {
            "the review queue": measured(_queue),
            "an App's log": measured(partial(_log, app_id=app_id)),
        }
        for name, look in LOOKED_FOR.items():
            found[name] = measured(partial(_entries, look=look))
    engine.dispose()
    return found


def _entries(session: Session, look: CatalogFilter) -> None:
    list_entries(session, look, PageRequest(limit=SIZE))


def _queue(session: Session) -> None:
    reviewer = Actor(new_id(), Role.REVIEWER)
    list_reviews(session, QueueFilter(), reviewer, now_of(session), PageRequest(limit=SIZE))


def _log(session: Session, app_id: UUID) -> None:
    list_log(session, app_id, PageRequest(limit=SIZE))
