from io import BytesIO

from PIL import Image

from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.launch import LOGO, give_everything, picture


def another_screenshot(colour: str = "teal") -> bytes:
    """Returns a screenshot of one colour."""
    written = BytesIO()
    Image.new("RGB", (1280, 800), colour).save(written, "PNG")
    return written.getvalue()


def pictured_app(service: Service, slug: str) -> str:
    """Has an App with every answer and one picture more, and returns its path."""
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Pictures"})
    give_everything(service.partner, slug)
    picture(service.partner, slug, "logo", LOGO.replace(b"#1f7a5c", b"#7a1f5c"))
    picture(service.partner, slug, "screenshot", another_screenshot())
    return f"/apps/{slug}"


ADDRESSES = {
    "all-kinds": Address(
        lambda service: f"{service.url}{pictured_app(service, 'acme-page-pictures')}/pictures", "partner"
    ),
    "none-yet": Address(lambda service: f"{new_app(service, 'acme-page-unpictured')}/pictures", "partner"),
}
