from tests.api.running import Service
from tests.console.addresses import Address


def new_token(service: Service, name: str) -> str:
    """Makes a service's token, and returns its id."""
    body = {"service": name, "label": "nightly reports", "scopes": ["usage:report"], "expires_in_days": 30}
    made = service.admin("POST", "/v1/tokens", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


ADDRESSES = {
    "all": Address(lambda service: f"{service.url}/tokens", role="admin"),
    "new": Address(lambda service: f"{service.url}/tokens/new", role="admin"),
    "replaced": Address(lambda service: f"{service.url}/tokens/new?like={new_token(service, 'paged')}", role="admin"),
    "revocation": Address(
        lambda service: f"{service.url}/tokens/{new_token(service, 'paged-too')}/revocation", role="admin"
    ),
}
