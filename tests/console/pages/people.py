from tests.console.addresses import Address

ADDRESSES = {
    "all": Address(lambda service: f"{service.url}/people", role="admin"),
    "new": Address(lambda service: f"{service.url}/people/new", role="admin"),
    "reviewer": Address(lambda service: f"{service.url}/people/{service.people.reviewer.id}", role="admin"),
    "removal": Address(lambda service: f"{service.url}/people/{service.people.reviewer.id}/removal", role="admin"),
}
