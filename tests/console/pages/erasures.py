from tests.console.addresses import Address

ADDRESSES = {"form": Address(lambda service: f"{service.url}/erasures?person=olga@acme.example", role="admin")}
