"""A mail server that remembers the Message-IDs it took."""

import email
from collections import Counter
from typing import Any

from aiosmtpd.controller import Controller

from runtime.embedded.processes import free_port


class Mailbox:
    """Listens on loopback while its block lasts. `messages` counts deliveries by Message-ID."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages[str(email.message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 taken"

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)
