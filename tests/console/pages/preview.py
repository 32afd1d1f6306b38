from tests.api.running import Service
from tests.console.addresses import Address
from tests.journeys import app_building
from tests.launch import give_everything


def preview_page(service: Service, slug: str) -> str:
    """Stores an App that is being built, and returns the address that a preview link of it leads to."""
    app_building(service.engine, service.people, slug)
    give_everything(service.partner, slug)
    made = service.partner("POST", f"/v1/apps/{slug}/previews", {"days": 7})
    assert made.status_code == 201, made.text
    return f"{service.url}/preview/{made.json()['path'].rpartition('/')[2]}"


ADDRESSES = {
    "draft": Address(lambda service: preview_page(service, "acme-preview-insights")),
    "ended": Address(lambda service: f"{service.url}/preview/{'x' * 43}"),
}
