"""The mailbox of `devcenter up`: a small mail server on loopback that keeps every message as a file, and its reader."""

import asyncio
import email
import email.policy
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cli.mistakes import Mistake

LOOPBACK = "127.0.0.1"
MAX_MESSAGE_BYTES = 1_000_000
_SHOWN = ("From", "To", "Subject", "Date", "Message-ID")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the mailbox, known by `number`: 1 is the oldest."""

    number: int
    message: EmailMessage

    def as_text(self) -> str:
        """Returns the message as a person reads it: its headers, and its words decoded."""
        headers = "".join(f"{name}: {value}\n" for name, value in self.message.items() if name in _SHOWN)
        body = self.message.get_body(("plain", "html"))
        return f"{headers}\n{body.get_content() if body else ''}"


class Mailbox:
    """A folder of .eml files, oldest first by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes, at: datetime) -> Path:
        """Stores a message and gives its file: a reader sees all of it or nothing. Raises OSError."""
        name = at.strftime("%Y%m%dT%H%M%S.%f")
        partial = self._folder / f"{name}.partial"
        partial.write_bytes(content)
        return partial.rename(self._folder / f"{name}.eml")

    def letters(self) -> Iterator[Letter]:
        """Returns every message, oldest first."""
        for number, file in enumerate(sorted(self._folder.glob("*.eml")), start=1):
            yield Letter(number, email.message_from_bytes(file.read_bytes(), policy=email.policy.default))

    def letter(self, number: int) -> Letter:
        """Returns one message. Raises Mistake when there is no such number."""
        for letter in self.letters():
            if letter.number == number:
                return letter
        raise Mistake(f"There is no message {number}.", "`devcenter mail` lists the messages with their numbers.")


class _KeepEverything:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        try:
            self._mailbox.keep(envelope.content, datetime.now(UTC))
        except OSError as error:
            return f"452 The mailbox cannot be written: {error.strerror}"
        return "250 Kept"


def serve_mail(folder: Path, port: int) -> None:
    """Takes mail on a loopback port until SIGTERM or SIGINT. Raises OSError when the port is busy."""
    asyncio.run(_serve(Mailbox(folder), port))


async def _serve(mailbox: Mailbox, port: int) -> None:
    from aiosmtpd.smtp import SMTP  # part of the embedded run only

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def protocol() -> Any:
        return SMTP(_KeepEverything(mailbox), hostname="localhost", data_size_limit=MAX_MESSAGE_BYTES)

    server = await loop.create_server(protocol, LOOPBACK, port)
    try:
        await stopped.wait()
    finally:
        server.close()
