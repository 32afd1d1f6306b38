from tests.api.running import Service
from tests.console.addresses import Address


def _begun(service: Service) -> str:
    path = f"/v1/organizations/{service.people.partner.organization_id}/host-proofs"
    assert service.partner("POST", path, {"host": "acme.github.io"}).status_code == 201
    return f"{service.url}/hosts?host=hooks.acme.app"


ADDRESSES = {"begun": Address(_begun, role="partner")}
