from tests.console.addresses import Address

ADDRESSES = {
    "form": Address(lambda service: f"{service.url}/request-access"),
    "signed-in": Address(lambda service: f"{service.url}/request-access", role="partner"),
}
