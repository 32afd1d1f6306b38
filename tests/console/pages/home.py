from tests.console.addresses import Address

ADDRESSES = {
    "visitor": Address(lambda service: f"{service.url}/"),
    "admin": Address(lambda service: f"{service.url}/", role="admin"),
}
