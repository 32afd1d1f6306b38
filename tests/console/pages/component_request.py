from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.components import app_with


def _page(service: Service) -> str:
    _, (page,) = app_with(service, "acme-page-request", "subscription")
    return f"{service.url}{page}/request"


ADDRESSES = {"form": Address(_page, role="partner")}
