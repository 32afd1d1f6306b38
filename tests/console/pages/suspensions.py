from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in


def suspension_page(service: Service, slug: str, state: AppState = AppState.SUSPENDED) -> str:
    """Has an App in the state, and returns the address of the page of its suspension."""
    app_in(service.engine, service.people, slug, state)
    return f"{service.url}/suspensions/{slug}"


def _listed(service: Service) -> str:
    return suspension_page(service, "page-listed").rpartition("/")[0]


ADDRESSES = {
    "list": Address(_listed, role="reviewer"),
    "confirmed": Address(lambda service: f"{service.url}/suspensions?confirmed=true", role="admin"),
    "suspended": Address(lambda service: suspension_page(service, "page-suspended"), role="admin"),
    "public": Address(lambda service: suspension_page(service, "page-to-suspend", AppState.PUBLIC_BETA), "reviewer"),
    "building": Address(lambda service: suspension_page(service, "page-not-public", AppState.BUILDING), "reviewer"),
}
