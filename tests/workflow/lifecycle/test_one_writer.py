"""Only workflow/lifecycle/apply.py changes an App's state or version: no other file does, in Python or in SQL."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("api", "cli", "models", "runtime", "web", "workers", "workflow")
WRITER = ROOT / "workflow" / "lifecycle" / "apply.py"
STANDING = ("state", "version")
SQL = re.compile(
    r"UPDATE\s+(ONLY\s+)?app(\s+(AS\s+)?\w+)?\s+SET\b[^;]*?\b(state|version)\s*="
    r"|(INSERT|MERGE)\s+INTO\s+(app|transition)\b",
    re.IGNORECASE,
)


def _writes(tree: ast.AST) -> list[int]:
    """Returns the lines that create an App, or set its state or version."""
    return sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt) and _is_write(node)})


def _is_write(node: ast.expr | ast.stmt) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(_is_standing(part) for target in targets for part in _unpacked(target))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _is_standing(target)
        case ast.Call():
            return _call_writes(node)
        case ast.JoinedStr(values=parts):
            return bool(
                SQL.search("".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in parts))
            )
        case ast.Constant(value=str(value)):
            return bool(SQL.search(value))
    return False


def _call_writes(call: ast.Call) -> bool:
    """Returns whether a call is `App(...)`, `setattr(app, "state", ...)`, or an insert or update of App or its log."""
    match call:
        case ast.Call(func=ast.Name(id="App" | "Transition")):
            return True
        case ast.Call(func=ast.Name(id="setattr"), args=[target, ast.Constant(value=name), *_]):
            return name in STANDING and _is_app(target)
        case ast.Call(func=ast.Name(id="insert"), args=[target, *_]):
            return _names(target, "App", "Transition")
        case ast.Call(func=ast.Attribute(attr="values", value=source)):
            return _updates_app(source) and (bool(call.args) or any(word.arg in STANDING for word in call.keywords))
    return False


def _updates_app(source: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "update"
        and node.args
        and _names(node.args[0], "App")
        for node in ast.walk(source)
    )


def _names(node: ast.expr, *models: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id in models for part in ast.walk(node))


def _unpacked(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _is_standing(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in STANDING and _is_app(node.value)


def _is_app(node: ast.expr) -> bool:
    """Returns whether the expression is named as an App: `app`, `locked_app`, `self.app`, `App`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.lower() == "app" or name.endswith("_app")


def test_nothing_but_the_writer_changes_an_apps_state() -> None:
    found = {
        str(file.relative_to(ROOT)): lines
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if file != WRITER and (lines := _writes(ast.parse(file.read_text())))
    }
    assert found == {}


def test_the_writer_itself_is_detected() -> None:
    assert len(_writes(ast.parse(WRITER.read_text()))) == 3


@pytest.mark.parametrize(
    "code",
    [
        "app.state = 'public'",
        "app.version += 1",
        "self.app.state: str = 'public'",
        "locked_app.state, other = 'public', 1",
        "setattr(app, 'state', 'public')",
        "session.add(App(slug='acme'))",
        "session.execute(insert(Transition.__table__), rows)",
        "session.execute(update(App).where(App.id == id).values(state='public'))",
        "session.execute(update(App).values({App.version: 2}))",
        "text(\"UPDATE app SET state = 'public'\")",
        "text(f\"UPDATE app AS a SET name = '{name}', version = 2\")",
        "text('insert into transition (app_id) values (1)')",
    ],
)
def test_a_second_writer_is_detected(code: str) -> None:
    assert _writes(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "step.state = 'passed'",
        "session.execute(update(App).values(name='Acme'))",
        "text('UPDATE app SET oauth_installed = true WHERE id = :id')",
        "text(\"UPDATE review_step SET state = 'cancelled'\")",
        "state = app.state",
        "app.state.service = service",
    ],
)
def test_other_writes_are_not_reported(code: str) -> None:
    assert not _writes(ast.parse(code))
