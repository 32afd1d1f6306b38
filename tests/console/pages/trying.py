"""Pages for trying an App: the list of its Components, and a subscription."""

from typing import Any

from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.test_runs import component_page
from tests.launch import STREAM, WEBHOOK

DECLARED = [
    {"name": "region", "label": "Region", "type": "choice", "choices": ["EU", "US"], "required": True},
    {"name": "depth", "label": "Depth", "type": "number"},
]


def hook_with_settings(url: str = "https://acme.example/webhook") -> dict[str, Any]:
    """Returns a webhook that declares settings."""
    return {**WEBHOOK, "settings": {**WEBHOOK["settings"], "url": url, "settings": DECLARED}}


def trying_page(service: Service, slug: str, url: str = "https://acme.example/webhook") -> str:
    """Creates an App with a webhook that declares settings. Returns the path of the page that tries it."""
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Charts"})
    made = service.partner("POST", f"/v1/apps/{slug}/components", hook_with_settings(url))
    assert made.status_code == 201, made.text
    return f"/apps/{slug}/try/{made.json()['id']}"


def _list(service: Service, slug: str) -> str:
    component_page(service, slug, {"kind": "stream", "name": "Sent", "settings": STREAM})
    return trying_page(service, slug).rpartition("/")[0]


ADDRESSES = {
    "list": Address(lambda service: service.url + _list(service, "try-list"), role="partner"),
    "hook": Address(lambda service: service.url + trying_page(service, "try-hook"), role="partner"),
}
