from tests.api.access import ask_only, body_of, code_for
from tests.api.running import Service
from tests.console.addresses import Address


def proof_page(service: Service, company: str) -> str:
    """Asks for access and returns the address of the page that the mail links to."""
    ask_only(service, body_of(company))
    return f"{service.url}/proofs/{code_for(service.engine, f'pat@{company}.example')}"


ADDRESSES = {
    "open": Address(lambda service: proof_page(service, "headers-proof")),
    "unknown": Address(lambda service: f"{service.url}/proofs/unknown"),
}
