"""A mail server that refuses some mails, counts its connections, and closes them on request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from runtime.embedded.processes import free_port
from runtime.settings import Settings, load_settings
from runtime.smtp import SmtpServer


class RefusingServer:
    """Refuses `nobody@` permanently, `later@` temporarily, and messages that contain the word spam."""

    def __init__(self) -> None:
        self.connections = 0
        self.taken: list[bytes] = []
        self.sessions: list[SMTP] = []

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        self.sessions.append(server)
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        local = address.partition("@")[0]
        if local == "nobody":
            return "550 no such mailbox"
        if local == "later":
            return "451 try again later"
        if local == "policy":
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if b"spam" in content:
            return "554 not that"
        if b"full" in content:
            return "452 no room"
        self.taken.append(content)
        return "250 taken"

    def hang_up(self, controller: Controller) -> None:
        """Closes every open connection."""
        for server in self.sessions:
            assert server.transport is not None
            controller.loop.call_soon_threadsafe(server.transport.close)
        self.sessions.clear()


@contextmanager
def serving() -> Iterator[tuple[RefusingServer, Controller, SmtpServer]]:
    handler, port = RefusingServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    mail = SmtpServer(settings_for(port))
    try:
        yield handler, controller, mail
    finally:
        mail.close()
        controller.stop(no_assert=True)


def settings_for(port: int, **settings: Any) -> Settings:
    given: dict[str, Any] = {"smtp_host": "127.0.0.1", **settings}
    return load_settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
        history_key="k" * 40,
        secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        smtp_port=port,
        **given,
    )
