"""Only workflow/apply.py changes where an App stands: no other file assigns it, in Python or in SQL."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "cli", "models", "runtime", "workers", "workflow")
WRITER = ROOT / "workflow" / "apply.py"
SQL = re.compile(r"UPDATE\s+app\s+SET[^;]*\b(state|version)\s*=|INSERT\s+INTO\s+(app|transition)\b", re.IGNORECASE)


def _writes(tree: ast.AST) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            lines += [node.lineno for target in node.targets if _is_standing(target)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "App":
            lines.append(node.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            lines.append(node.lineno)
    return lines


def _is_standing(node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr not in ("state", "version"):
        return False
    return isinstance(node.value, ast.Name) and node.value.id in ("app", "App")


def test_nothing_but_the_writer_changes_an_apps_state() -> None:
    found = {
        str(file.relative_to(ROOT)): lines
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if file != WRITER and (lines := _writes(ast.parse(file.read_text())))
    }
    assert found == {}


def test_the_writer_itself_would_be_found() -> None:
    assert _writes(ast.parse(WRITER.read_text()))
    assert _writes(ast.parse("app.state = 'public'"))
    assert _writes(ast.parse("text(\"UPDATE app SET state = 'public'\")"))
