from tests.api.running import Service
from tests.console.addresses import Address
from tests.dead import dead_message, dead_row


def _with_dead_rows(service: Service, kind: str) -> str:
    dead_row(service.engine, "page.example", "the page timed out")
    dead_message(service.engine, "token.invalid: the page's token")
    return f"{service.url}/dead/{kind}"


ADDRESSES = {
    "all": Address(lambda service: _with_dead_rows(service, "").removesuffix("/"), role="admin"),
    "mails": Address(lambda service: _with_dead_rows(service, "notification"), role="admin"),
    "messages": Address(lambda service: _with_dead_rows(service, "rejected_message"), role="admin"),
    "nothing": Address(lambda service: f"{service.url}/dead/host_proof?error=nothing", role="admin"),
}
