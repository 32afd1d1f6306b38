"""The pictures in the guides are of pages that there are, each is shown somewhere, and together they are small."""

from pathlib import Path

from tests.browser.guide_pictures import FOLDER, MOST_BYTES, PAGES
from tests.console.prepared import PAGES as ALL_PAGES

ROOT = Path(__file__).parents[2]
GUIDES = "".join(page.read_text() for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))


def test_every_picture_is_of_a_page_and_in_a_guide() -> None:
    assert set(PAGES) <= set(ALL_PAGES)
    assert {one.name for one in FOLDER.iterdir()} == set(PAGES.values())
    assert [name for name in PAGES.values() if f"pictures/{name})" not in GUIDES] == []


def test_the_pictures_are_small() -> None:
    assert sum(one.stat().st_size for one in FOLDER.iterdir()) <= MOST_BYTES
