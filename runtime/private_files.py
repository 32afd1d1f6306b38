"""Files and folders that only their owner can read, whatever the umask and whatever stood there before."""

import os
import stat
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_OTHERS: Final = 0o077


def make_private_folder(folder: Path) -> None:
    """Makes a folder and those above it, or takes others' rights to an existing one away. Raises OSError."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if folder.stat().st_mode & _OTHERS:
        folder.chmod(PRIVATE_FOLDER)


def open_private(path: Path, flags: int) -> int:
    """Opens a file, makes it if it is not there, and returns its descriptor. Raises OSError.

    `flags` are those of `os.open`, such as `os.O_WRONLY | os.O_APPEND`. Others lose their rights to a regular file
    that was there.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) and mode & _OTHERS:
            os.fchmod(descriptor, PRIVATE_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_private(path: Path, content: str | bytes) -> None:
    """Replaces the content of a file that only its owner can read. Returns once it is on disk. Raises OSError."""
    with open(open_private(path, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
