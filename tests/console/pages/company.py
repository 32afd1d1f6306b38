from tests.api.access import colleague_in
from tests.api.running import Service
from tests.console.addresses import Address


def _organization(service: Service) -> str:
    return str(service.people.partner.organization_id)


def _invited(service: Service) -> str:
    path = f"/v1/organizations/{_organization(service)}/invitations"
    service.partner("POST", path, {"name": "Zoe", "email": "zoe@acme.example"})
    return f"{service.url}/company"


def _colleague(service: Service) -> str:
    olga_id, _ = colleague_in(service, service.partner, _organization(service), "olga@acme.example")
    return f"{service.url}/company/people/{olga_id}"


ADDRESSES = {
    "invited": Address(_invited, role="partner"),
    "colleague": Address(_colleague, role="partner"),
}
