from tests.console.addresses import Address

ADDRESSES = {"own": Address(lambda service: f"{service.url}/sessions", role="partner")}
