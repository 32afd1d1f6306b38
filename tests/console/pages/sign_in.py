from tests.console.addresses import Address
from tests.console.signing_in import link_of

ADDRESSES = {
    "form": Address(lambda service: f"{service.url}/sign-in"),
    "link": Address(lambda service: link_of(service, service.people.reviewer)),
    "unknown": Address(lambda service: f"{service.url}/sign-in/unknown"),
    "code": Address(lambda service: f"{service.url}/sign-in/code"),
    "staff": Address(lambda service: f"{service.url}/sign-in/staff"),
    "callback": Address(lambda service: f"{service.url}/sign-in/callback"),
    "again": Address(lambda service: f"{service.url}/sign-in?again=1", role="admin"),
    "not-signed-in": Address(lambda service: f"{service.url}/signed-in"),
    "signed-in": Address(lambda service: f"{service.url}/signed-in", role="reviewer"),
}
