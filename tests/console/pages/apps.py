from tests.api.running import Service
from tests.console.addresses import Address


def new_app(service: Service, slug: str) -> str:
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Charts"})
    return f"{service.url}/apps/{slug}"


ADDRESSES = {
    "own": Address(lambda service: f"{service.url}/apps", role="partner"),
    "new": Address(lambda service: f"{service.url}/new-app", role="partner"),
}
