"""docs/settings.md and docs/lifecycle.svg are what the code generates."""

from pathlib import Path

from cli.diagram import svg
from cli.settings_page import settings_page
from models.lifecycle import APP_EDGES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_about_settings_is_generated_from_the_typed_settings() -> None:
    assert (DOCS / "settings.md").read_text() == settings_page(), "run: devcenter settings > docs/settings.md"


def test_the_picture_of_the_lifecycle_is_generated_from_the_machine() -> None:
    assert (DOCS / "lifecycle.svg").read_text() == svg(APP_EDGES), (
        "run: devcenter diagram --format svg > docs/lifecycle.svg"
    )
