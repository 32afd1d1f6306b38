"""Named points at which a test can kill a process, to prove that nothing is lost there."""

import os
import signal
from collections.abc import Callable
from pathlib import Path


def fault_points(setting: str | None) -> Callable[[str], None]:
    """Returns the function to call at named points. Without a setting it does nothing.

    `setting` is `name=hits:file`: when `name` is reached for the `hits`-th time (counted over all processes that
    share `file`, which gets a line for each hit) the process kills itself with SIGKILL. Later hits do nothing.
    Raises ValueError for a setting of another form.
    """
    if not setting:
        return _nothing
    name, _, rest = setting.partition("=")
    hits, _, file = rest.partition(":")
    if not hits.isdigit() or not file:
        raise ValueError(f"DEVCENTER_FAULT_POINT: write name=hits:file, not {setting}")
    return _Killer(name, int(hits), Path(file))


def _nothing(_name: str) -> None:
    return None


class _Killer:
    def __init__(self, name: str, hits: int, file: Path) -> None:
        self._name = name
        self._hits = hits
        self._file = file

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        descriptor = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{os.getpid()}\n".encode())
            os.fsync(descriptor)
            count = os.fstat(descriptor).st_size
            lines = os.pread(descriptor, count, 0).count(b"\n")
        finally:
            os.close(descriptor)
        if lines == self._hits:
            os.kill(os.getpid(), signal.SIGKILL)
