from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.factories import app_in


def _reviewed(service: Service) -> str:
    app_in(service.engine, service.people, "page-reviewed", AppState.SUBMITTED)
    return f"{service.url}/apps/page-reviewed/review"


ADDRESSES = {
    "open": Address(_reviewed, role="partner"),
    "none-yet": Address(lambda service: f"{new_app(service, 'acme-page-unreviewed')}/review", role="partner"),
}
