"""What the command itself loads before it runs one of its commands."""

import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment

HEAVY = {"models", "pydantic", "psycopg", "requests", "sqlalchemy"}
_LOADED = "import sys, cli.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def test_the_command_loads_nothing_of_what_only_some_of_its_commands_need(tmp_path: Path) -> None:
    loaded = subprocess.check_output([sys.executable, "-P", "-c", _LOADED], cwd=tmp_path, env=environment(), text=True)
    assert "typer" in loaded.split()
    assert not HEAVY & set(loaded.split())
