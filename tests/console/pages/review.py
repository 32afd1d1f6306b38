from sqlalchemy import text

from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in, move


def review_page(service: Service, slug: str, kind: ReviewKind = ReviewKind.FIRST) -> str:
    """Has an App wait for a review of the kind, and returns the address of its page."""
    state = AppState.SUBMITTED if kind is ReviewKind.FIRST else AppState.PUBLIC_BETA
    app_id = app_in(service.engine, service.people, slug, state, kind)
    with service.engine.connect() as connection:
        found = connection.execute(
            text("SELECT id FROM review WHERE app_id = :id AND closed_at IS NULL"), {"id": app_id}
        )
        return f"{service.url}/reviews/{found.scalar_one()}"


def held_review_page(service: Service, slug: str, kind: ReviewKind = ReviewKind.FIRST) -> str:
    """Like `review_page`, held by the reviewer."""
    page = review_page(service, slug, kind)
    claimed = service.reviewer("POST", page.removeprefix(service.url).replace("/reviews", "/v1/reviews") + "/claim")
    assert claimed.status_code == 200, claimed.text
    return page


def _closed(service: Service) -> str:
    page = held_review_page(service, "page-closed")
    move(service.engine, service.people, "page-closed", AppTrigger.REQUEST_CHANGES)
    return page


ADDRESSES = {
    "first": Address(lambda service: held_review_page(service, "page-first"), role="reviewer"),
    "revision": Address(lambda service: review_page(service, "page-revision", ReviewKind.REVISION), role="reviewer"),
    "appeal": Address(lambda service: review_page(service, "page-appeal", ReviewKind.APPEAL), role="admin"),
    "closed": Address(_closed, role="reviewer"),
    "history": Address(lambda service: f"{review_page(service, 'page-past')}/history", role="reviewer"),
    "unknown": Address(lambda service: f"{service.url}/reviews/00000000-0000-7000-8000-000000000000", role="admin"),
}
