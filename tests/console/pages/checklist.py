from functools import cache

from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.pictures import pictured_app


def _item(service: Service, code: str) -> str:
    service.partner("POST", "/v1/apps", {"slug": "acme-checklist-charts", "name": "Acme Maps"})
    return f"{service.url}/apps/acme-checklist-charts/checklist/{code}"


@cache
def _answered_app(service: Service) -> str:
    return service.url + pictured_app(service, "acme-answered-charts")


def _answered(service: Service, code: str) -> str:
    return f"{_answered_app(service)}/checklist/{code}"


ADDRESSES = {
    "app-info-given": Address(lambda service: _answered(service, "app_info"), role="partner"),
    "catalog-details-given": Address(lambda service: _answered(service, "catalog_details"), role="partner"),
    "key-account": Address(lambda service: _answered(service, "test_account") + "?kind=api_key", role="partner"),
    "app-info": Address(lambda service: _item(service, "app_info"), role="partner"),
    "test-account": Address(lambda service: _item(service, "test_account"), role="partner"),
    "replay-info": Address(lambda service: _item(service, "replay_info"), role="partner"),
}
