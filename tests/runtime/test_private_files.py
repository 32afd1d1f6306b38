"""Private files are private whatever the umask, and whatever stood there before."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.home import Home
from cli.mail import Mailbox
from runtime.private_files import make_private_folder, open_private, write_private
from workers.main import _head_exporter


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_from_its_first_moment_and_an_open_one_becomes_so(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("before")
    old.chmod(0o666)
    for path in (new, old):
        write_private(path, "a secret")
        assert (_mode(path), path.read_text()) == (0o600, "a secret")
        os.close(open_private(path, os.O_RDWR))
        assert path.read_text() == "a secret"


def test_an_open_folder_becomes_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private_folder(folder)
    folder.chmod(0o777)
    make_private_folder(folder)
    assert (_mode(folder), _mode(folder.parent)) == (0o700, 0o777)


def test_mails_and_history_heads_and_the_home_are_private(tmp_path: Path) -> None:
    kept = Mailbox(tmp_path).keep(b"Subject: an invitation\n\ncode", datetime.now(UTC))
    heads = tmp_path / "heads"
    heads.touch(0o666)
    _head_exporter(heads)({"app": "acme"})
    assert (_mode(kept), _mode(heads), heads.read_text()) == (0o600, 0o600, '{"app": "acme"}\n')
    home = Home(tmp_path / "home")
    home.create()
    os.close(home.hold())
    home.secrets()
    assert [_mode(path) & 0o077 for path in (home.path, *home.path.iterdir())] == [0] * 5


def test_a_device_stays_as_it_is() -> None:
    os.close(open_private(Path("/dev/null"), os.O_WRONLY))
    assert _mode(Path("/dev/null")) & 0o600
