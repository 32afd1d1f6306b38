from tests.api.running import Service
from tests.console.addresses import Address


def _tokens(service: Service) -> str:
    service.partner("POST", "/v1/tokens", {"label": "nightly build", "scopes": ["apps:read"]})
    return f"{service.url}/settings/tokens"


ADDRESSES = {
    "partner": Address(lambda service: f"{service.url}/settings", role="partner"),
    "reviewer": Address(lambda service: f"{service.url}/settings", role="reviewer"),
    "tokens": Address(_tokens, role="partner"),
    "reviewers_tokens": Address(lambda service: f"{service.url}/settings/tokens", role="reviewer"),
}
