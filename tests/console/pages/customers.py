from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.factories import app_in


def used_app(service: Service, slug: str) -> str:
    """Has an App in public beta that two workspaces use and one no longer does, and returns its path."""
    app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA)
    for name in ("one", "two", "three"):
        service.service("PUT", f"/v1/apps/{slug}/customers/workspace-{name}")
    service.service("DELETE", f"/v1/apps/{slug}/customers/workspace-three")
    return f"/apps/{slug}"


ADDRESSES = {
    "used": Address(lambda service: f"{service.url}{used_app(service, 'page-used')}/customers", role="partner"),
    "none-yet": Address(lambda service: f"{new_app(service, 'acme-page-unused')}/customers", role="partner"),
}
