from tests.api.running import Service
from tests.console.addresses import Address


def _item(service: Service, code: str) -> str:
    service.partner("POST", "/v1/apps", {"slug": "acme-checklist-charts", "name": "Acme Maps"})
    return f"{service.url}/apps/acme-checklist-charts/checklist/{code}"


ADDRESSES = {
    "app-info": Address(lambda service: _item(service, "app_info"), role="partner"),
    "test-account": Address(lambda service: _item(service, "test_account"), role="partner"),
    "replay-info": Address(lambda service: _item(service, "replay_info"), role="partner"),
}
