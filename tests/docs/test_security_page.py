"""The pages about security, design and extending name an existing test for every promise."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("security.md", "design.md", "extending.md")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_HELD_BY = re.compile(r"^\|.*\| held by \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)


def _text(page: str) -> str:
    return (ROOT / "docs" / page).read_text()


def _promises(page: str) -> list[str]:
    """Returns the rows of every table whose last column is `held by`."""
    return [row for table in _HELD_BY.findall(_text(page)) for row in table.splitlines()]


def _functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES)
def test_every_promise_names_a_test(page: str) -> None:
    promises = _promises(page)
    assert len(promises) > 10
    assert [row for row in promises if not _TEST.search(row.rsplit("|", 2)[1])] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_named_test_exists(page: str) -> None:
    for name, function in _TEST.findall(_text(page)):
        file = ROOT / name
        assert file.is_file(), f"docs/{page} names {name}, which is not there"
        assert not function or function in _functions(file), f"{name} has no {function}"
