"""The security page names, for every promise, a test that exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def _promises() -> list[str]:
    lines = PAGE.read_text().splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| promise")]


def _functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    promises = _promises()
    assert promises
    assert [line for line in promises if not _TEST.search(line.rsplit("|", 2)[1])] == []


def test_every_test_that_is_named_exists() -> None:
    for name, function in _TEST.findall(PAGE.read_text()):
        file = ROOT / name
        assert file.is_file(), f"docs/security.md names {name}, which is not there"
        assert not function or function in _functions(file), f"{name} has no {function}"
