from tests.console.addresses import Address

ADDRESSES = {
    "visitor": Address(lambda service: f"{service.url}/"),
}
