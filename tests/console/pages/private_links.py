from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app


def _linked(service: Service) -> str:
    path = new_app(service, "acme-page-linked").removeprefix(service.url)
    for _ in range(2):
        made = service.partner("POST", f"/v1{path}/previews", {"days": 7}).json()
    service.partner("DELETE", f"/v1{path}/previews/{made['id']}")
    return f"{service.url}{path}/links"


ADDRESSES = {
    "made": Address(_linked, role="partner"),
    "none-yet": Address(lambda service: f"{new_app(service, 'acme-page-unlinked')}/links", role="partner"),
}
