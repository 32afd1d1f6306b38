"""The public catalog: Apps in public beta and public, as their latest approved submission shows them."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InHouse
from api.errors import PUBLIC
from api.pages import Cursor, Limit, page
from api.shapes import SlugPath
from models import App, Review, Submission
from workflow.errors import NotFound
from workflow.facts import LISTED_STATES

router = APIRouter(prefix="/v1/catalog", responses=PUBLIC, tags=["everyone"])


@router.get("")
async def list_entries(house: InHouse, after: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Lists the catalog by slug."""

    def work(session: Session) -> dict[str, Any]:
        statement = select(App).where(App.state.in_(sorted(LISTED_STATES))).order_by(App.slug)
        return page(session, statement, App.slug, after, limit, lambda apps: _entries(session, apps))

    return await house.transact(work)


@router.get("/{slug}")
async def read_entry(house: InHouse, slug: SlugPath) -> dict[str, Any]:
    """Gives one entry. An App that is not listed is not found."""

    def work(session: Session) -> dict[str, Any]:
        app = session.scalar(select(App).where(App.slug == slug, App.state.in_(sorted(LISTED_STATES))))
        if app is None:
            raise NotFound("catalog.not_found", f"The catalog has no {slug}.", "Look at the list.")
        return _entries(session, [app])[0]

    return await house.transact(work)


def _entries(session: Session, apps: Sequence[App]) -> list[dict[str, Any]]:
    statement = (
        select(Submission.app_id, Submission.snapshot)
        .distinct(Submission.app_id)
        .join(Review, Review.submission_id == Submission.id)
        .where(Submission.app_id.in_([app.id for app in apps]), Review.outcome == "approved")
        .order_by(Submission.app_id, Submission.app_version.desc())
    )
    snapshots = {row.app_id: row.snapshot for row in session.execute(statement)}
    return [_entry(app, snapshots.get(app.id)) for app in apps]


def _entry(app: App, snapshot: dict[str, Any] | None) -> dict[str, Any]:
    shown = snapshot or {"app": {"name": app.name}, "evidence": {}, "components": []}
    info = shown["evidence"].get("app_info", {})
    details = shown["evidence"].get("catalog_details", {})
    return {
        "slug": app.slug,
        "name": shown["app"]["name"],
        "badge": app.state,
        "website": info.get("website"),
        "description": info.get("description"),
        "categories": info.get("categories", []),
        "kinds": sorted({component["kind"] for component in shown["components"]}),
        "text": details.get("text"),
        "screenshots": details.get("screenshots", []),
        "documentation": shown["evidence"].get("partner_documentation", {}).get("url"),
    }
