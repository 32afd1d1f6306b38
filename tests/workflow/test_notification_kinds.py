"""The kinds of notifications are defined in one place, and no SQL text repeats them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.lifecycle import AccessState, AppState
from models.review import ReviewOutcome
from workflow.notifications.kinds import NotificationKind

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "cli", "models", "runtime", "web", "workers", "workflow")
OTHER_WORDS = {*AppState, *AccessState, *ReviewOutcome}
"""Words that also name states and outcomes, so that they may mean something else in SQL."""
KINDS = [kind.value for kind in NotificationKind if kind.value not in OTHER_WORDS]


def _spelled_in_sql(tree: ast.AST) -> Iterator[str]:
    """Returns the kinds that a statement contains as SQL string literals."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (kind for kind in KINDS if re.search(rf"'{kind}'", node.value))


def test_no_statement_spells_a_kind_of_notification() -> None:
    found = {
        str(file.relative_to(ROOT)): kinds
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if (kinds := list(_spelled_in_sql(ast.parse(file.read_text()))))
    }
    assert found == {}


@pytest.mark.parametrize("code", ["text(\"SELECT 'claim_lapsed'\")", "text(f\"kind IN ('new_submission', '{x}')\")"])
def test_a_kind_spelled_in_sql_is_detected(code: str) -> None:
    assert list(_spelled_in_sql(ast.parse(code)))
