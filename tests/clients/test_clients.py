"""Clients generated from the API's description are complete and well typed, and linters find nothing in it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_openapi import described as described

HERE = Path(__file__).parent
TOOLS = Path(sys.executable).parent.parent / "clients"
"""The environment of the generators: `make .venv/installed-clients`."""
MODULES = TOOLS / "npm" / "node_modules"


@pytest.fixture(scope="module")
def page(described: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description as a file."""
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_text(json.dumps(described))
    return path


def _run(*command: str | Path, cwd: Path) -> str:
    """Returns what a command prints, with warnings. It must succeed."""
    path = f"{TOOLS / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin"
    run = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": path, "HOME": str(cwd), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run.stdout + run.stderr


def test_a_python_client_has_every_call_and_is_well_typed(page: Path, described: dict[str, Any]) -> None:
    folder = page.parent / "generated"
    said = _run(
        TOOLS / "bin" / "openapi-python-client",
        *("generate", "--path", page, "--output-path", folder, "--meta", "none"),
        cwd=page.parent,
    )
    assert said.strip() == f"Generating {folder}", f"the generator leaves something out: {said[:4000]}"
    calls = {path.stem for path in folder.glob("api/*/*.py")} - {"__init__"}
    assert calls == {operation["operationId"] for path in described["paths"].values() for operation in path.values()}
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", TOOLS / "bin" / "python", "--config-file=", folder.name],
        cwd=page.parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    errors = [line for line in checked.stdout.splitlines() if ": error: " in line]
    # client.py is the generator's own text, the same for every description; mypy objects to its __exit__.
    assert [line for line in errors if not line.startswith("generated/client.py:")] == []
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr


def test_types_for_typescript_are_well_typed(page: Path) -> None:
    node = TOOLS / "bin" / "node"
    _run(node, MODULES / "openapi-typescript" / "bin" / "cli.js", page, "-o", page.parent / "api.ts", cwd=page.parent)
    shutil.copy(HERE / "uses.ts", page.parent)
    options = ("--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022")
    _run(node, MODULES / "typescript" / "bin" / "tsc", *options, "api.ts", "uses.ts", cwd=page.parent)


def test_linters_find_nothing_in_the_description(page: Path) -> None:
    assert _run(TOOLS / "bin" / "node", HERE / "lint.mjs", page, MODULES, cwd=page.parent) == ""


def test_names_are_names(described: dict[str, Any]) -> None:
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "_v1_" in name or "_" not in name]
    assert not [name for name in described["components"]["schemas"] if not name.isalnum()]
    assert [operation["security"] for operation in operations if operation["operationId"] == "list_catalog"] == [[]]
    assert described["servers"][0]["url"]
