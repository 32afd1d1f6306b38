from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.components import app_with


def _page(service: Service, slug: str) -> str:
    _, (page,) = app_with(service, slug, "subscription")
    return f"{page}/test-settings"


def _given(service: Service) -> str:
    page = _page(service, "acme-key-given")
    given = service.partner("PUT", f"/v1{page}", {"key": "acme-key", "settings": {"region": "EU"}})
    assert given.status_code == 200, given.text
    return f"{service.url}{page}"


ADDRESSES = {
    "none": Address(lambda service: f"{service.url}{_page(service, 'acme-key-none')}", role="partner"),
    "given": Address(_given, role="partner"),
}
