from tests.api.access import ask, body_of, decide
from tests.api.running import Service
from tests.console.addresses import Address


def access_request_page(service: Service, company: str, contact: str = "pat") -> str:
    """Has somebody of the company ask for access, and returns the address of the page of the request."""
    return f"{service.url}/access-requests/{ask(service, body_of(company, contact))['id']}"


def _declined(service: Service) -> str:
    page = access_request_page(service, "page-declined")
    assert decide(service, page.rpartition("/")[2], "decline", "Not yet.").status_code == 200
    return access_request_page(service, "page-declined", "olga")


def _approved(service: Service) -> str:
    page = access_request_page(service, "page-approved")
    assert decide(service, page.rpartition("/")[2], "approve").status_code == 200
    return page


def _from_a_free_address(service: Service) -> str:
    asked = ask(service, body_of("page-found", contact_email="page-found@gmail.com"))
    assert asked["findings"]
    return f"{service.url}/access-requests/{asked['id']}"


ADDRESSES = {
    "list": Address(lambda service: f"{service.url}/access-requests", role="reviewer"),
    "all": Address(lambda service: f"{service.url}/access-requests?state=all", role="admin"),
    "found": Address(_from_a_free_address, role="reviewer"),
    "waits": Address(lambda service: access_request_page(service, "page-waits"), role="reviewer"),
    "again": Address(_declined, role="reviewer"),
    "approved": Address(_approved, role="reviewer"),
}
