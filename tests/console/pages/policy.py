from tests.console.addresses import Address

ADDRESSES = {
    "current": Address(lambda service: f"{service.url}/policy", role="admin"),
    "versions": Address(lambda service: f"{service.url}/policy/versions", role="admin"),
    "version": Address(lambda service: f"{service.url}/policy/versions/1", role="admin"),
}
