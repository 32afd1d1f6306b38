"""The private folder of one embedded server: its lock, what it remembers between starts, and its log."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from runtime.embedded.errors import AlreadyRunning, EmbeddedError
from runtime.private_files import make_private_folder, open_private, write_private

PASSWORD_BYTES = 24
LOG_TAIL_BYTES = 16_384
NEARLY_FULL_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Memory:
    """What a server's folder remembers between starts: its port, and a password for each of its users."""

    port: int | None
    passwords: dict[str, str]

    @classmethod
    def generate(cls, users: tuple[str, ...]) -> Self:
        """Returns new random passwords of 192 bits."""
        return cls(port=None, passwords={user: secrets.token_hex(PASSWORD_BYTES) for user in users})


class ServerFolder:
    """A folder that only its owner can read, and that at most one live program holds for the server `name`."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path.absolute()
        self.name = name
        self.log = self.path / f"{name.lower()}.log"
        self._memory_file = self.path / f"{name.lower()}.json"
        self._lock_file = self.path / f"{name.lower()}.lock"
        self._lock: int | None = None

    def hold(self) -> None:
        """Creates the folder and holds it until `release` or until this process ends, for whatever reason.

        Raises AlreadyRunning if another holds it, EmbeddedError if the folder cannot be made.
        """
        if self._lock is not None:
            return
        try:
            make_private_folder(self.path)
            lock = open_private(self._lock_file, os.O_RDWR)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode()
            os.close(lock)
            raise AlreadyRunning(
                f"Another program already keeps a {self.name} in {self.path}: process {holder or 'unknown'}.",
                "Stop that program first (kill sends it a request to end), or use another folder.",
                int(holder) if holder.isdecimal() else None,
            ) from None
        except OSError as error:
            os.close(lock)
            raise self._unusable(error) from error
        self._lock = lock

    def release(self) -> None:
        """Releases the folder, so that another program can hold it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remembered(self, users: tuple[str, ...], *, secures: Path | None = None) -> Memory:
        """Returns what the folder remembers. If there is nothing yet, makes new passwords and stores them.

        `secures` is data that can be opened only with the password of the first user. Raises EmbeddedError if it
        exists and that password is lost. Any other user that the folder does not know, as one of a later release, gets
        a new password.
        """
        try:
            stored = json.loads(self._memory_file.read_text())
            known = {users[0]: stored["passwords"][users[0]], **stored["passwords"]}
            made = Memory.generate(users)
            memory = Memory(stored["port"], {user: known.get(user, made.passwords[user]) for user in users})
            if not known.keys() >= set(users):
                self._store(memory)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            if secures is not None and secures.exists():
                raise EmbeddedError(
                    f"The passwords of the {self.name} server in {self.path} are lost: {self._memory_file.name} is "
                    "missing or damaged.",
                    f"Restore that file from a backup, or delete {self.path} to start afresh, without its data.",
                ) from error
            memory = Memory.generate(users)
            self._store(memory)
        return memory

    def remember_port(self, memory: Memory, port: int) -> Memory:
        """Stores the port for the next start. Returns the memory with it."""
        if memory.port == port:
            return memory
        changed = replace(memory, port=port)
        self._store(changed)
        return changed

    def start_log(self) -> None:
        """Starts an empty log and keeps only the previous one, so that logs do not grow forever."""
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_suffix(".log.1"))
        write_private(self.log, "")

    def last_log_lines(self, count: int = 12) -> str:
        """Returns the last lines of the log, or a sentence that says it is empty."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except OSError:
            text = ""
        return "\n".join(text.splitlines()[-count:]) or "(the server logged nothing)"

    def _unusable(self, error: OSError) -> EmbeddedError:
        said = error.strerror or str(error)
        return EmbeddedError(f"The folder {self.path} cannot be used: {said}.", remedy_for(said, self.path))

    def _store(self, memory: Memory) -> None:
        partial = self._memory_file.with_suffix(".partial")
        write_private(partial, json.dumps(asdict(memory), indent=2))
        partial.replace(self._memory_file)


def remedy_for(output: str, folder: Path) -> str:
    """Returns what to do about a server that failed with this output. Checks for a full disk, which may go unlogged."""
    full = f"The disk is full. Free some space for {folder} (Postgres needs about 200 MB)."
    known = {
        "No space left on device": full,
        "Check free disk space": full,
        "Disk quota exceeded": f"The disk quota is used up. Free some space for {folder}.",
        "Read-only file system": f"{folder} is on a read-only file system. Use another folder.",
        "Not a directory": f"A part of the path {folder} is a file. Use another folder.",
        "Permission denied": f"Give {folder} to the user who runs this, or use another folder.",
        "could not resize shared memory": "Give the machine or container more shared memory (docker: --shm-size=256m).",
        "error while loading shared libraries": "Install the named library, or set DATABASE_URL and REDIS_URL.",
    }
    for sign, remedy in known.items():
        if sign in output:
            return remedy
    with contextlib.suppress(OSError):
        if shutil.disk_usage(folder).free < NEARLY_FULL_BYTES:
            return full
    return f"Fix what the last lines name. If the data is not needed, delete {folder} and start again."
