from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.components import app_with


def _page(service: Service, kind: str) -> str:
    _, (page,) = app_with(service, f"acme-page-{kind}", kind)
    return f"{service.url}{page}"


ADDRESSES = {
    "webhook": Address(lambda service: _page(service, "subscription"), role="partner"),
    "stream": Address(lambda service: _page(service, "stream"), role="partner"),
    "plugin": Address(lambda service: _page(service, "plugin"), role="partner"),
}
