from tests.console.addresses import Address
from tests.console.signing_in import link_of

ADDRESSES = {
    "form": Address(lambda service: f"{service.url}/sign-in"),
    "link": Address(lambda service: link_of(service, service.people.reviewer)),
    "unknown": Address(lambda service: f"{service.url}/sign-in/unknown"),
    "signed-in": Address(lambda service: f"{service.url}/signed-in", role="reviewer"),
}
