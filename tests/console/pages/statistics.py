from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in


def _with_decisions(service: Service) -> str:
    app_in(service.engine, service.people, "page-counted", AppState.PUBLIC_BETA)
    return f"{service.url}/statistics?weeks=4"


ADDRESSES = {"weeks": Address(_with_decisions, role="reviewer")}
