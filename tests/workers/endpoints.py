"""A partner's endpoint on loopback that can do everything right or wrong, over real sockets."""

import base64
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.guarded_http.hostile_server import Behaviour, HostileServer, page

KEY: Final = "acme-test-key"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the endpoint got it. `message` is None if the body is no JSON object."""

    head: str
    headers: dict[str, str]
    body: bytes
    message: dict[str, Any] | None

    @property
    def method(self) -> str:
        return self.head.split(" ")[0]

    @property
    def path(self) -> str:
        """The path with its query."""
        return self.head.split(" ")[1]

    @property
    def key(self) -> str:
        """The API key that was sent."""
        encoded = self.headers.get("authorization", "").removeprefix("Basic ")
        return base64.b64decode(encoded).decode().removesuffix(":")

    @property
    def type(self) -> str:
        return str((self.message or {}).get("type"))


Answering = Callable[[Received], Behaviour]


class Endpoint(HostileServer):
    """Answers each whole request as `answering` says, and keeps what it got."""

    def __init__(self, answering: Answering, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__({}, tls=tls)
        self.received: list[Received] = []
        self._answering = answering

    def behaviour_of(self, head: str, body: bytes) -> Behaviour:
        if not head:
            return says("400 Bad Request", "The request is cut off.")
        lines = head.split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        got = Received(head, headers, body, _message(body))
        self.received.append(got)
        return self._answering(got)


def says(status: str, message: str = "Fine.") -> Behaviour:
    """Answers with this status and a JSON object with a message."""
    return page(json.dumps({"message": message}).encode(), "Content-Type: application/json", status=status)


def good(got: Received) -> Behaviour:
    """Answers as a good endpoint does."""
    if got.key != KEY:
        return says("401 Unauthorized", "The key is wrong.")
    if got.message is None:
        return says("400 Bad Request", "The body is not JSON.")
    return says("202 Accepted", "Being deleted.") if got.type == "delete" else says("200 OK")


def but(behaviour: Behaviour, *types: str, when: Callable[[Received], bool] | None = None) -> Answering:
    """Returns a good endpoint that does something else for valid messages of these types, or `when` asked."""

    def answering(got: Received) -> Behaviour:
        is_valid = got.key == KEY and got.message is not None
        chosen = when(got) if when is not None else is_valid and (not types or got.type in types)
        return behaviour if chosen else good(got)

    return answering


def _message(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
