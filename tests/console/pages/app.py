from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.console.pages.submissions import submitted_app
from tests.factories import app_in


def _in_state(service: Service, state: AppState) -> str:
    slug = f"page-app-{state.value.replace('_', '-')}"
    app_in(service.engine, service.people, slug, state)
    return f"{service.url}/apps/{slug}"


def _under_review(service: Service) -> str:
    said = "Charts of where customers are. The test account has a workspace with a month of events."
    return service.url + submitted_app(service, "page-app-submitted", "Acme Maps", said)


ADDRESSES = {
    "new": Address(lambda service: new_app(service, "acme-page-charts"), role="partner"),
    "under-review": Address(_under_review, role="partner"),
    "public-beta": Address(lambda service: _in_state(service, AppState.PUBLIC_BETA), role="partner"),
    "suspended": Address(lambda service: _in_state(service, AppState.SUSPENDED), role="partner"),
}
