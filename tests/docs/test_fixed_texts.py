"""No fixed text promises what the policy decides: its numbers change, and texts would then say what is not so."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow.profile.loading import load_profile

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "cli", "web", "workers", "workflow")
EXAMPLES = ROOT / "api" / "openapi_examples.py"
_NUMBER = "(?:one|two|three|four|five|six|seven|eight|nine|ten|[0-9]+)"
PROMISE = re.compile(
    rf"\b{_NUMBER}[ -](?:business|working)[ -]days?\b|\b{_NUMBER} (?:onboarded )?customers\b", re.IGNORECASE
)


def _texts(file: Path) -> Iterator[str]:
    """Yields the texts of a module, but for the examples of what a caller may write."""
    nodes: list[ast.AST] = [ast.parse(file.read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if not (isinstance(node, ast.keyword) and node.arg == "examples"):
            nodes += ast.iter_child_nodes(node)


def test_no_text_of_the_service_holds_a_number_of_the_policy() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {promise[0]}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if file != EXAMPLES and "demo" not in file.parts
        for words in _texts(file)
        for promise in PROMISE.finditer(words)
    }
    assert found == set()


def test_no_guide_and_no_word_of_the_profile_holds_a_number_of_the_policy() -> None:
    profile = load_profile()
    words = [*(guide.text for guide in profile.guides), profile.model_dump_json()]
    assert [promise[0] for text in words for promise in PROMISE.finditer(text)] == []


@pytest.mark.parametrize("text", ["within two business days", "a 5-business-day review", "at least 3 customers"])
def test_a_promise_in_a_fixed_text_is_detected(text: str) -> None:
    assert PROMISE.search(text)
