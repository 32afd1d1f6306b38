from tests.console.addresses import Address

ADDRESSES = {
    "form": Address(lambda service: f"{service.url}/policy/change?with=volume", role="admin"),
}
