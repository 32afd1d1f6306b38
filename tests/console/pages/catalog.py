from tests.api.catalog import listed
from tests.api.running import Service
from tests.console.addresses import Address
from tests.launch import CATALOG_TEXT


def entry_page(service: Service, slug: str) -> str:
    """Lists an App with pictures and a text, and returns the address of its entry."""
    listed(
        service,
        slug,
        "Acme Insights",
        ["Analytics"],
        "Shows what customers do, from the events that they send.",
        CATALOG_TEXT,
    )
    return f"{service.url}/catalog/{slug}"


ADDRESSES = {
    "list": Address(lambda service: f"{service.url}/catalog", is_cached=True),
    "entry": Address(lambda service: entry_page(service, "acme-entry-insights"), is_cached=True),
    "signed-in": Address(lambda service: f"{service.url}/catalog?badge=public_beta", role="partner"),
    "nothing": Address(lambda service: f"{service.url}/catalog?q=nonsense", is_cached=True),
    "missing": Address(lambda service: f"{service.url}/catalog/no-such-app"),
}
