"""A mail server that keeps the mails that it accepts."""

import asyncio
import email
import email.policy
from collections import Counter
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from runtime.embedded.processes import free_port


class PlainFirst(EmailMessage):
    """A mail whose content is its plain text, as a reader without HTML shows it; `html` is the other form."""

    def get_content(self, *args: Any, **kwargs: Any) -> Any:
        plain = self.get_body(("plain",))
        return super().get_content(*args, **kwargs) if plain in (None, self) else plain.get_content(*args, **kwargs)

    @property
    def html(self) -> str:
        """The HTML of the mail; "" if it has none."""
        body = self.get_body(("html",))
        return str(body.get_content()) if body is not None else ""


PLAIN_FIRST = email.policy.default.clone(message_factory=PlainFirst)


class Mailbox:
    """Listens on loopback until its block ends. It takes `seconds` for each message."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self.letters: list[EmailMessage] = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def deliveries(self) -> Counter[str]:
        """Returns how often each Message-ID was delivered."""
        return Counter(str(letter["Message-ID"]) for letter in list(self.letters))

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        await asyncio.sleep(self._seconds)
        letter = email.message_from_bytes(envelope.content, policy=PLAIN_FIRST)
        self.letters.append(letter)
        return "250 taken"

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)
