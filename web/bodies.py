"""Bodies in memory: a budget for all of them together, and the rule that a sender is known before its body is taken."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi.responses import Response
from prometheus_client import Gauge
from starlette.types import Receive, Scope

MIB = 1024 * 1024
UNASKED_BYTES = 4 * 1024
"""The size up to which a body is taken from anybody. All connections together can hold two MiB of such bodies."""
SHARE = 4
"""One sender may hold this part of the budget, a quarter, so that no sender can take all of it."""

HELD = Gauge("devcenter_http_body_bytes", "Bytes of request bodies that are held in memory, beyond 4 KiB each.")


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is known of the sender of a body before it is taken.

    `refusal` is the answer to a sender whose body is not taken at all. Otherwise `sender` is the name under which its
    bytes are counted, and `max_bytes` a bound besides the route's. With `unread` no route reads the body.
    """

    sender: str = ""
    max_bytes: int | None = None
    refusal: Response | None = None
    unread: bool = False


Admit = Callable[[Scope], Awaitable[Admitted]]
"""Returns what is known of the sender. Must not read the body."""


async def everybody(_scope: Scope) -> Admitted:
    """Admits every sender, under one name."""
    return Admitted(sender="everybody")


@dataclass(slots=True)
class BodyBudget:
    """The bytes that all bodies together may hold in this process, and one sender a quarter of them."""

    total: int = 64 * MIB
    _held: int = 0
    _by_sender: Counter[str] = field(default_factory=Counter)

    def take(self, sender: str, size: int) -> bool:
        """Returns whether `size` more bytes fit, and counts them if they do."""
        fits = self._held + size <= self.total and self._by_sender[sender] + size <= self.total // SHARE
        if fits:
            self._held += size
            self._by_sender[sender] += size
            HELD.inc(size)
        return fits

    def give_back(self, sender: str, size: int) -> None:
        """Counts bytes as free again."""
        self._held -= size
        self._by_sender[sender] -= size
        if not self._by_sender[sender]:
            del self._by_sender[sender]
        HELD.dec(size)


class TooLargeError(Exception):
    """The body has more bytes than its sender or its route may send."""


class NoRoomError(Exception):
    """The budget has no room for more of this body."""


class BrokenOffError(Exception):
    """The client disconnected before its body was complete."""


@dataclass(slots=True)
class Body:
    """A body while it is read, and the part of the budget that it holds."""

    budget: BodyBudget
    sender: str
    max_bytes: int
    _content: bytearray = field(default_factory=bytearray)
    _counted: int = 0

    async def read(self, receive: Receive) -> bytes:
        """Returns the whole body. Raises TooLargeError, NoRoomError or BrokenOffError."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BrokenOffError
            self._add(message.get("body", b""))
            if not message.get("more_body", False):
                return bytes(self._content)

    def forget(self) -> None:
        """Lets go of the content, and gives its part of the budget back. May be called more than once."""
        self._content = bytearray()
        if self._counted:
            self.budget.give_back(self.sender, self._counted)
            self._counted = 0

    def _add(self, part: bytes) -> None:
        size = len(self._content) + len(part)
        if size > self.max_bytes:
            raise TooLargeError
        if size > UNASKED_BYTES:
            if not self.budget.take(self.sender, size - self._counted):
                raise NoRoomError
            self._counted = size
        self._content += part
