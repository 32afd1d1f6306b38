from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.factories import app_in


def _in_state(service: Service, state: AppState) -> str:
    slug = f"page-app-{state.value.replace('_', '-')}"
    app_in(service.engine, service.people, slug, state)
    return f"{service.url}/apps/{slug}"


ADDRESSES = {
    "new": Address(lambda service: new_app(service, "acme-page-charts"), role="partner"),
    "under-review": Address(lambda service: _in_state(service, AppState.SUBMITTED), role="partner"),
    "public-beta": Address(lambda service: _in_state(service, AppState.PUBLIC_BETA), role="partner"),
    "suspended": Address(lambda service: _in_state(service, AppState.SUSPENDED), role="partner"),
}
