"""Looks host names up, in bounded time."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final, TypeAlias

from runtime.guarded_http.addresses import Address

# Takes a host name and a time limit in seconds. Returns all addresses. Raises NameUnresolvedError, TimeoutError.
Resolver: TypeAlias = Callable[[str, float], Sequence[Address]]

_LOOK_UP: Final = """
import socket, sys
try:
    answers = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_STREAM)
except (OSError, UnicodeError) as error:
    sys.exit(str(error))
print(*(sockaddr[0] for *_, sockaddr in answers))
"""


class NameUnresolvedError(Exception):
    """The name has no address, or the name servers did not return it."""


def system_resolver(name: str, seconds: float) -> Sequence[Address]:
    """Returns every address that the system finds for `name`, or raises as a `Resolver` does.

    `getaddrinfo` cannot be interrupted, and a thread stuck in it cannot be ended. So it runs in a process of its own,
    which takes some 30 ms and is killed when its time is up.
    """
    try:
        looked_up = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LOOK_UP, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError("the look-up of its name got no answer") from None
    if looked_up.returncode != 0:
        raise NameUnresolvedError(looked_up.stderr.strip())
    return [ip_address(text) for text in looked_up.stdout.split()]
