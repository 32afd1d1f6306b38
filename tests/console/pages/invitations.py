from tests.api.access import ask, body_of, code_for, decide
from tests.api.running import Service
from tests.console.addresses import Address


def invitation_page(service: Service, company: str) -> str:
    """Has a company admitted and returns the address of the page of its invitation."""
    decide(service, ask(service, body_of(company))["id"], "approve")
    return f"{service.url}/invitations/{code_for(service.engine, f'pat@{company}.example')}"


ADDRESSES = {
    "open": Address(lambda service: invitation_page(service, "headers-invitation")),
    "unknown": Address(lambda service: f"{service.url}/invitations/unknown"),
}
