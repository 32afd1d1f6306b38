from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in


def _suspended(service: Service) -> str:
    app_in(service.engine, service.people, "page-history", AppState.SUSPENDED)
    return f"{service.url}/apps/page-history/history"


ADDRESSES = {"suspended": Address(_suspended, role="partner")}
