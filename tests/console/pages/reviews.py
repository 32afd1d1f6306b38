from tests.console.addresses import Address

ADDRESSES = {
    "queue": Address(lambda service: f"{service.url}/reviews", role="reviewer"),
    "none": Address(lambda service: f"{service.url}/reviews?due=overdue&kind=appeal", role="admin"),
}
