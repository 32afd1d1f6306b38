from sqlalchemy import text

from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.submissions import submitted_app
from tests.factories import app_in, move


def review_page(service: Service, slug: str, kind: ReviewKind = ReviewKind.FIRST) -> str:
    """Has an App wait for a review of the kind, and returns the address of its page."""
    state = AppState.SUBMITTED if kind is ReviewKind.FIRST else AppState.PUBLIC_BETA
    app_in(service.engine, service.people, slug, state, kind)
    return _page_of(service, slug)


def held_review_page(service: Service, slug: str, kind: ReviewKind = ReviewKind.FIRST) -> str:
    """Like `review_page`, held by the reviewer."""
    return _held(service, review_page(service, slug, kind))


def _page_of(service: Service, slug: str) -> str:
    """Returns the address of the page of an App's open review."""
    with service.engine.connect() as connection:
        found = connection.execute(
            text("SELECT review.id FROM review JOIN app ON app.id = app_id WHERE slug = :slug AND closed_at IS NULL"),
            {"slug": slug},
        )
        return f"{service.url}/reviews/{found.scalar_one()}"


def _held(service: Service, page: str) -> str:
    claimed = service.reviewer("POST", page.removeprefix(service.url).replace("/reviews", "/v1/reviews") + "/claim")
    assert claimed.status_code == 200, claimed.text
    return page


def _first(service: Service) -> str:
    said = "The webhook answers within a second. Please look at how we handle deletions first."
    submitted_app(service, "page-first", "Acme Insights", said)
    return _held(service, _page_of(service, "page-first"))


def _closed(service: Service) -> str:
    page = held_review_page(service, "page-closed")
    move(service.engine, service.people, "page-closed", AppTrigger.REQUEST_CHANGES)
    return page


ADDRESSES = {
    "first": Address(_first, role="reviewer"),
    "revision": Address(lambda service: review_page(service, "page-revision", ReviewKind.REVISION), role="reviewer"),
    "appeal": Address(lambda service: review_page(service, "page-appeal", ReviewKind.APPEAL), role="admin"),
    "closed": Address(_closed, role="reviewer"),
    "history": Address(lambda service: f"{review_page(service, 'page-past')}/history", role="reviewer"),
    "unknown": Address(lambda service: f"{service.url}/reviews/00000000-0000-7000-8000-000000000000", role="admin"),
}
