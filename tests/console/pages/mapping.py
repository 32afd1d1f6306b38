from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.components import app_with

MAPPING = {
    "default": {
        "method": "PUT",
        "path": "/api/contacts/{{userId}}",
        "headers": {"X-Request-Id": {"@path": "$.messageId"}},
        "body": {"email": {"@path": "$.traits.email"}},
    }
}


def function_in(service: Service, slug: str) -> str:
    """Makes an App with a function, and returns the address of its page."""
    app, _ = app_with(service, slug)
    settings = {"url": "https://acme.example/api", "event_types": ["identify", "track", "delete"], "mapping": MAPPING}
    body = {"kind": "subscription", "subkind": "function", "name": "Contacts", "settings": settings}
    made = service.partner("POST", f"/v1{app}/components", body)
    assert made.status_code == 201, made.text
    return f"{app}/components/{made.json()['id']}"


def _mapping(service: Service, name: str) -> str:
    slug = f"acme-mapping{name.replace('/', '-')}"
    return f"{service.url}{function_in(service, slug)}/mapping{name}"


ADDRESSES = {
    "all": Address(lambda service: _mapping(service, ""), role="partner"),
    "default": Address(lambda service: _mapping(service, "/default"), role="partner"),
    "none": Address(lambda service: _mapping(service, "/track"), role="partner"),
}
