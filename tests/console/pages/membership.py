from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in


def public_app(service: Service, slug: str) -> str:
    """Has a public App, and returns its path."""
    app_in(service.engine, service.people, slug, AppState.PUBLIC)
    return f"/apps/{slug}"


ADDRESSES = {
    "public": Address(
        lambda service: service.url + public_app(service, "page-to-join") + "/membership", role="partner"
    ),
}
