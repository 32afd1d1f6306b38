"""Errors at the command line are explained, with what to do and without a traceback."""

import re
import socket
import socketserver
import subprocess
from pathlib import Path
from threading import Thread

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from cli.explaining import explain
from cli.home import Home
from cli.mistakes import Mistake
from cli.place import application_url
from tests.cli.command import ANY_PORTS, devcenter, devcenter_anew
from workflow.errors import NotFound


def settings(**changed: str) -> dict[str, str]:
    return {
        "DATABASE_URL": "postgresql://nobody:secret-word@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DEVCENTER_HISTORY_KEY": "k" * 32,
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
        **ANY_PORTS,
    } | changed


def in_words(result: subprocess.CompletedProcess[str], *expected: str, exit_code: int) -> None:
    assert result.returncode == exit_code, result.stderr
    assert "Traceback" not in result.stderr
    assert "What to do:" in result.stderr
    for words in expected:
        assert words in result.stderr


def test_a_process_without_settings_names_what_is_missing(tmp_path: Path) -> None:
    result = devcenter_anew("scheduler", folder=tmp_path)
    in_words(result, "DATABASE_URL", "REDIS_URL", "DEVCENTER_HISTORY_KEY", exit_code=2)


def test_a_database_url_of_another_kind_is_named_with_its_setting(tmp_path: Path) -> None:
    result = devcenter("scheduler", settings=settings(DATABASE_URL="mysql://host/name"), folder=tmp_path)
    in_words(result, "DATABASE_URL: must begin with postgresql://", exit_code=2)


def test_an_invalid_key_for_secrets_is_named_with_how_to_make_a_valid_one(tmp_path: Path) -> None:
    result = devcenter("api", settings=settings(DEVCENTER_SECRET_KEYS="not-a-key"), folder=tmp_path)
    in_words(result, "DEVCENTER_SECRET_KEYS: key 1 is not a Fernet key", "Fernet.generate_key", exit_code=2)


@pytest.mark.parametrize("given", ["", "?options=-csearch_path%3Dpublic"])
def test_processes_step_down_to_the_application_role_whatever_options_the_url_has(given: str) -> None:
    url = make_url(application_url(f"postgresql+psycopg://owner:word@127.0.0.1/name{given}"))
    assert str(url.query["options"]).endswith("-c role=devcenter_app")


@pytest.mark.parametrize("command", [["migrate"], ["token", "list"], ["dead", "list"], ["history", "verify"]])
def test_a_database_that_does_not_answer_is_reported_without_its_password(command: list[str], tmp_path: Path) -> None:
    result = devcenter(*command, settings=settings(), folder=tmp_path)
    in_words(result, "The database does not answer", "DATABASE_URL", exit_code=1)
    assert "secret-word" not in result.stderr + result.stdout


def test_the_doctor_names_every_part_that_does_not_answer_and_its_remedy(tmp_path: Path) -> None:
    result = devcenter("doctor", settings=settings(), folder=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "secret-word" not in result.stdout
    lines = result.stdout.splitlines()
    for part in ("database", "redis"):
        place = next(index for index, line in enumerate(lines) if line.startswith(f"not ok  {part}"))
        assert "What to do:" in "\n".join(lines[place : place + 6])
    assert any(line.startswith("ok      settings") for line in lines)


def test_a_command_with_neither_settings_nor_a_running_installation_says_what_to_start(tmp_path: Path) -> None:
    in_words(devcenter("doctor", folder=tmp_path), "no `devcenter up` runs", exit_code=2)


def test_a_busy_port_is_named_with_the_setting_that_chooses_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = devcenter("up", settings={"DEVCENTER_API_PORT": str(port)}, folder=tmp_path)
    in_words(result, f"Port {port} is busy", "DEVCENTER_API_PORT", exit_code=2)


def test_a_busy_port_of_the_api_alone_is_named_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command, name in (
            ("api", "DEVCENTER_API_PORT"),
            ("api", "DEVCENTER_API_OPERATORS_PORT"),
            ("tracking", "DEVCENTER_TRACKING_OPERATORS_PORT"),
        ):
            result = devcenter(command, settings=settings(**{name: str(port)}), folder=tmp_path)
            in_words(result, f"127.0.0.1:{port}", name, exit_code=2)


class _OldRedis(socketserver.StreamRequestHandler):
    """Answers as Redis 5 does, which does not know the first command of newer clients."""

    def handle(self) -> None:
        while self.rfile.readline():
            self.wfile.write(b"-ERR unknown command `HELLO`\r\n")


def test_a_redis_that_is_too_old_is_reported_as_such(tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _OldRedis) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{server.server_address[1]}/0"
        result = devcenter("doctor", settings=settings(REDIS_URL=url), folder=tmp_path)
        server.shutdown()
    assert re.search(r"^not ok  redis +Redis is too old", result.stdout, re.MULTILINE)
    assert "Use Redis 7" in result.stdout


def test_a_second_start_in_a_folder_names_the_process_that_has_it(tmp_path: Path) -> None:
    home = Home(tmp_path / ".devcenter")
    home.create()
    lock = home.hold()
    with pytest.raises(Mistake, match=r"already runs in .* as process \d+"):
        home.hold()
    with open(lock, "rb", closefd=True) as held:
        assert held.read()


def test_a_full_disk_is_reported_as_such() -> None:
    known = explain(OSError(28, "No space left on device", "/somewhere/run.json"))
    assert known is not None
    assert "disk is full" in known.what
    assert "/somewhere/run.json" in known.what


def test_an_error_of_the_workflow_keeps_its_remedy() -> None:
    known = explain(NotFound("dead.not_found", "No such row.", "List the dead rows."))
    assert known is not None
    assert (known.what, known.remedy) == ("No such row.", "List the dead rows.")


def test_a_defect_is_not_explained_as_a_mistake() -> None:
    assert explain(ZeroDivisionError("division by zero")) is None


def test_the_secrets_of_a_folder_are_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    home = Home(tmp_path / ".devcenter")
    home.create()
    first = home.secrets()
    assert home.secrets() == first
    assert (home.path / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_replay_of_an_unknown_kind_names_the_kinds(tmp_path: Path) -> None:
    result = devcenter(
        "dead", "replay", "nonsense", "0198c0de-0000-7000-8000-000000000000", settings=settings(), folder=tmp_path
    )
    in_words(result, "transition_request", "review_step", exit_code=2)
