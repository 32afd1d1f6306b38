"""Functions that tests run in confined processes: each does what a hostile input might make a library do."""

import os
import signal
from collections.abc import Callable


def work(content: bytes) -> bytes:
    """Does what the first word of the input says, with the rest of it."""
    word, _, rest = content.partition(b" ")
    return _WORK[word](rest)


def _environment(_rest: bytes) -> bytes:
    return repr(sorted(os.environ)).encode()


def _eat(_rest: bytes) -> bytes:
    return b"".join(bytes(1 << 24) for _ in range(1 << 16))


def _spin(_rest: bytes) -> bytes:
    while True:
        pass


def _crash(_rest: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def _raise(_rest: bytes) -> bytes:
    raise ValueError


def _killed_once(rest: bytes) -> bytes:
    """Is killed by somebody else the first time; notes it by removing the file that the input names."""
    try:
        os.unlink(rest)
    except FileNotFoundError:
        return b"done"
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def _wait(rest: bytes) -> bytes:
    """Says that it runs by removing a file, and waits until it is ended."""
    os.unlink(rest)
    signal.pause()
    return b""


_WORK: dict[bytes, Callable[[bytes], bytes]] = {
    b"echo": bytes,
    b"environment": _environment,
    b"eat": _eat,
    b"spin": _spin,
    b"crash": _crash,
    b"raise": _raise,
    b"killed": _killed_once,
    b"wait": _wait,
}
