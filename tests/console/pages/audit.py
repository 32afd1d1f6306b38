from tests.console.addresses import Address

ADDRESSES = {
    "all": Address(lambda service: f"{service.url}/audit", role="admin"),
    "none": Address(lambda service: f"{service.url}/audit?app=no-such-app", role="admin"),
    "refused": Address(lambda service: f"{service.url}/audit?since=yesterday", role="admin"),
}
