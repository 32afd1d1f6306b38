"""The design page and the glossary agree with the code, and every link between pages works."""

import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md"), *(ROOT / "examples").glob("*/README.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TERM = re.compile(r"^- \*\*(.+?)\.\*\*", re.MULTILINE)
_SVG = "{http://www.w3.org/2000/svg}"


def _layers() -> Iterator[list[str]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return (contract["layers"] for contract in contracts if contract["type"] == "layers")


def _anchors(page: Path) -> set[str]:
    """Returns the anchors of the headings, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(page.read_text())
    }


def test_the_floors_of_the_design_page_are_those_of_import_linter() -> None:
    shown = [block.splitlines() for block in _BLOCK.findall((DOCS / "design.md").read_text())]
    assert shown == list(_layers())


def test_the_picture_of_a_transition_has_a_text_alternative() -> None:
    picture = ET.parse(DOCS / "transition.svg").getroot()  # noqa: S314 (our own file)
    named = {picture.findtext(f"{_SVG}title"), picture.findtext(f"{_SVG}desc")}
    assert None not in named
    ids = {element.get("id") for element in picture if element.tag in (f"{_SVG}title", f"{_SVG}desc")}
    assert set((picture.get("aria-labelledby") or "").split()) == ids


def test_the_glossary_has_each_word_once_in_alphabetical_order() -> None:
    terms = [term.lower() for term in _TERM.findall((DOCS / "glossary.md").read_text())]
    assert len(terms) > 50
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_an_existing_file_and_heading(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        assert not anchor or anchor in _anchors(target), f"{page.name} links to {link}: there is no such heading"
