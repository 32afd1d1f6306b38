"""The state folder `.devcenter`: where `up` keeps its data, secrets, logs and mails, and what it says of itself."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import psutil
from cryptography.fernet import Fernet

from cli.mistakes import Mistake
from runtime.private_files import make_private_folder, open_private, write_private


class Run(TypedDict):
    """What run.json tells about a running `devcenter up`: addresses, the settings that its processes got (without
    secrets), tokens by role, links that sign in once by role, process ids by process.
    """

    api_url: str
    tracking_url: str
    operators_url: str
    database_url: str
    database_owner_url: str
    redis_url: str
    settings: dict[str, str]
    tokens: dict[str, str]
    console_url: str
    sign_in: dict[str, str]
    pids: dict[str, int]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must never change between starts: the keys of the history and of stored secrets, and the folder's own name.

    `home` tells this folder's tokens from those of other folders on the same database.
    """

    history_key: str
    secret_key: str
    home: str

    @property
    def token_label(self) -> str:
        """The label of the tokens that `devcenter up` makes in this folder."""
        return f"devcenter up ({self.home})"


@dataclass(frozen=True, slots=True)
class Home:
    """A state folder, readable by its owner only. Nothing is made before `create`."""

    path: Path

    @classmethod
    def here(cls) -> "Home":
        """Returns `.devcenter` in the current folder, or the one that DEVCENTER_HOME names."""
        return cls(Path(os.environ.get("DEVCENTER_HOME") or ".devcenter").absolute())

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    def log_of(self, process: str) -> Path:
        """Returns the file that a process of `up` logs to."""
        return self.path / "log" / f"{process}.log"

    def create(self) -> None:
        """Makes the folder and its rooms. Raises OSError."""
        for folder in (self.path, self.mail, self.path / "log"):
            make_private_folder(folder)

    def hold(self) -> int:
        """Takes the folder for this process until it ends; returns the lock's descriptor to close.

        Raises Mistake, with the process id, when another `up` has it.
        """
        lock = open_private(self.path / "up.lock", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode() or "unknown"
            os.close(lock)
            raise Mistake(
                f"devcenter already runs in {self.path}, as process {holder}.",
                f"Use it ({self.path / 'run.json'} has its addresses), stop it with `kill {holder}`, "
                "or name another folder with DEVCENTER_HOME.",
            ) from None
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def secrets(self) -> Secrets:
        """Returns the secrets of this folder; invents and stores them the first time. Raises Mistake when damaged."""
        file = self.path / "secrets.json"
        if not file.exists():
            _replace(file, {"history_key": secrets.token_hex(32), "secret_key": Fernet.generate_key().decode()})
        try:
            stored = json.loads(file.read_text())
            if "home" not in stored:  # new, or of a release before 0010
                stored["home"] = secrets.token_hex(4)
                _replace(file, stored)
            return Secrets(stored["history_key"], stored["secret_key"], stored["home"])
        except (ValueError, KeyError, TypeError):
            raise Mistake(
                f"{file} is damaged; without its keys the history cannot be verified.",
                f"Bring it back from a backup, or delete {self.path} to begin anew, without its data.",
            ) from None

    def read_run(self) -> Run | None:
        """Returns what the last `up` wrote, running or not; None when there is nothing readable."""
        try:
            run: Run = json.loads((self.path / "run.json").read_text())
        except (OSError, ValueError):
            return None
        return run if isinstance(run, dict) and isinstance(run.get("pids"), dict) else None

    def running(self) -> Run | None:
        """Returns what a `devcenter up` that is alive wrote; None when none is."""
        run = self.read_run()
        return run if run and psutil.pid_exists(int(run["pids"].get("up", -1))) else None

    def write_run(self, run: Run) -> None:
        """Replaces run.json in one step: a reader sees the old or the new, never a part."""
        _replace(self.path / "run.json", dict(run))

    def forget_run(self) -> None:
        """Takes run.json away: nothing runs any more."""
        (self.path / "run.json").unlink(missing_ok=True)


def _replace(file: Path, content: dict[str, Any]) -> None:
    partial = file.with_name(file.name + ".partial")
    write_private(partial, json.dumps(content, indent=2) + "\n")
    partial.replace(file)
