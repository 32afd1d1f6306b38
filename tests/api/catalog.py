"""Taking Apps into the catalog, over HTTP where partners act."""

from models.lifecycle import AppTrigger
from tests.api.running import Service
from tests.factories import move
from tests.journeys import app_building
from tests.launch import LOGO, MARK, SCREENSHOT, picture


def _rename(service: Service, slug: str, name: str) -> None:
    tag = service.partner("GET", f"/v1/apps/{slug}").headers["ETag"]
    answer = service.partner("PATCH", f"/v1/apps/{slug}", {"name": name}, If_Match=tag)
    assert answer.status_code == 200, answer.text


def listed(
    service: Service, slug: str, name: str, categories: list[str], description: str, text: str | None = None
) -> None:
    """Takes an App of the partner's into the catalog. With a `text`, it has that and a picture."""
    app_building(service.engine, service.people, slug)
    _rename(service, slug, name)
    evidence = {
        "website": "https://acme.example",
        "description": description,
        "categories": categories,
        "support_email": "help@acme.example",
        "logo": picture(service.partner, slug, "logo", LOGO),
        "mark": picture(service.partner, slug, "mark", MARK),
    }
    given = service.partner("PUT", f"/v1/apps/{slug}/checklist/app_info", {"evidence": evidence})
    assert given.status_code == 200, given.text
    if text is not None:
        details = {"text": text, "screenshots": [picture(service.partner, slug, "screenshot", SCREENSHOT)]}
        given = service.partner("PUT", f"/v1/apps/{slug}/checklist/catalog_details", {"evidence": details})
        assert given.status_code == 200, given.text
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(service.engine, service.people, slug, trigger)
