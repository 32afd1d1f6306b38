from tests.api.running import Service
from tests.console.addresses import Address
from tests.launch import SUBSCRIPTION

SETTINGS = [
    {"name": "region", "label": "Region", "type": "choice", "choices": ["EU", "US"], "required": True},
    {"name": "project", "label": "Project"},
]
SUBKINDS = {"subscription": "webhook", "plugin": "web", "stream": ""}


def app_with(service: Service, slug: str, *kinds: str) -> tuple[str, list[str]]:
    """Makes an App with a Component of each of the kinds. Returns its address, and the addresses of the Components."""
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Charts"})
    settings = {
        "subscription": SUBSCRIPTION | {"settings": SETTINGS},
        "plugin": {"bundle_url": "https://acme.example/plugin.js", "minimum_sdk_version": "1.60"},
        "stream": {"events": ["Email Opened", "Report Shared"]},
    }
    made = []
    for kind in kinds:
        body = {"kind": kind, "subkind": SUBKINDS[kind], "name": f"Acme {kind}", "settings": settings[kind]}
        answer = service.partner("POST", f"/v1/apps/{slug}/components", body)
        assert answer.status_code == 201, answer.text
        made.append(f"/apps/{slug}/components/{answer.json()['id']}")
    return f"/apps/{slug}", made


def _list(service: Service) -> str:
    app, _ = app_with(service, "acme-page-components", "subscription", "stream", "plugin")
    return f"{service.url}{app}/components"


def _new(service: Service, kind: str) -> str:
    app, _ = app_with(service, "acme-page-new-component")
    return f"{service.url}{app}/new-component{kind}"


ADDRESSES = {
    "list": Address(_list, role="partner"),
    "none": Address(
        lambda service: f"{service.url}{app_with(service, 'acme-no-component')[0]}/components", role="partner"
    ),
    "kinds": Address(lambda service: _new(service, ""), role="partner"),
    "new-function": Address(lambda service: _new(service, "/function"), role="partner"),
    "new-stream": Address(lambda service: _new(service, "/stream"), role="partner"),
    "new-ios": Address(lambda service: _new(service, "/ios"), role="partner"),
}
