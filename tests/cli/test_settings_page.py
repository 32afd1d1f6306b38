"""docs/settings.md is what the code generates."""

from pathlib import Path

from cli.settings_page import settings_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_about_settings_is_generated_from_the_typed_settings() -> None:
    assert (DOCS / "settings.md").read_text() == settings_page(), "run: devcenter settings > docs/settings.md"
