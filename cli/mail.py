"""The mailbox of `devcenter up`: a mail server on loopback that stores each message as a file, and its reader."""

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
from runtime.private_files import write_private

LOOPBACK = "127.0.0.1"
MAX_MESSAGE_BYTES = 1_000_000
_SHOWN = ("From", "To", "Subject", "Date", "Message-ID")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the mailbox. The oldest has `number` 1."""

    number: int
    message: EmailMessage

    def as_text(self) -> str:
        """Returns the headers and the decoded text of the message."""
        headers = "".join(f"{name}: {value}\n" for name, value in self.message.items() if name in _SHOWN)
        body = self.message.get_body(("plain", "html"))
        return f"{headers}\n{body.get_content() if body else ''}"


class Mailbox:
    """A folder of .eml files, whose names sort by age, the oldest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes, at: datetime) -> Path:
        """Stores a message atomically, so that no reader sees a part of it. Returns its file. Raises OSError."""
        name = at.strftime("%Y%m%dT%H%M%S.%f")
        partial = self._folder / f"{name}.partial"
        write_private(partial, content)
        return partial.rename(self._folder / f"{name}.eml")

    def letters(self) -> Iterator[Letter]:
        """Returns every message, oldest first."""
        for number, file in enumerate(sorted(self._folder.glob("*.eml")), start=1):
            yield Letter(number, email.message_from_bytes(file.read_bytes(), policy=email.policy.default))

    def letter(self, number: int) -> Letter:
        """Returns one message. Raises Mistake if there is no message with this number."""
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
    """Accepts mail on a loopback port until SIGTERM or SIGINT. Raises OSError if the port is in use."""
    asyncio.run(_serve(Mailbox(folder), port))


async def _serve(mailbox: Mailbox, port: int) -> None:
    from aiosmtpd.smtp import SMTP  # needed by the embedded run only

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
