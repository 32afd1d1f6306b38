"""The mail server: kept connections, refusals that are final, and a kept connection that the server has closed."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from runtime.embedded.processes import free_port
from runtime.settings import Settings, load_settings
from runtime.smtp import MAX_MESSAGES, SmtpServer


class _Server:
    """Counts connections, refuses some recipients, and hangs up when it is told to."""

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
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if b"spam" in (envelope.content or b""):
            return "554 not that"
        self.taken.append(bytes(envelope.content or b""))
        return "250 taken"

    def hang_up(self, controller: Controller) -> None:
        """Closes every connection that is open."""
        for server in self.sessions:
            controller.loop.call_soon_threadsafe(server.transport.close)
        self.sessions.clear()


@contextmanager
def _serving() -> Iterator[tuple[_Server, Controller, SmtpServer]]:
    handler, port = _Server(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    mail = SmtpServer(_settings(port))
    try:
        yield handler, controller, mail
    finally:
        mail.close()
        controller.stop(no_assert=True)


def _settings(port: int) -> Settings:
    return load_settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
        history_key="k" * 40,
        secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        smtp_host="127.0.0.1",
        smtp_port=port,
    )


def _message(to: str = "pat@acme.example", body: str = "Grüße, a line\n.\nand one after a dot") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "devcenter@platform.example", f"Pät <{to}>", "Hällo"
    message.set_content(body)
    return message


def test_a_connection_is_kept_and_changed_after_a_hundred_messages() -> None:
    with _serving() as (server, _, mail):
        for _ in range(MAX_MESSAGES + 1):
            mail.send(_message())
        assert (len(server.taken), server.connections) == (MAX_MESSAGES + 1, 2)


def test_what_is_sent_arrives_as_it_was_written_whatever_the_server_can_take() -> None:
    import email
    import email.policy

    with _serving() as (server, _, mail):
        mail.send(_message())
        (taken,) = server.taken
    assert max(taken) < 128
    read: Any = email.message_from_bytes(taken, policy=email.policy.default)
    assert read["Subject"] == "Hällo"
    assert read.get_content().splitlines() == ["Grüße, a line", ".", "and one after a dot"]


def test_a_kept_connection_that_the_server_closed_is_replaced_without_an_error() -> None:
    with _serving() as (server, controller, mail):
        mail.send(_message())
        server.hang_up(controller)
        mail.send(_message())
        assert (len(server.taken), server.connections) == (2, 2)


def test_a_recipient_that_is_refused_for_good_is_told_apart_and_keeps_the_connection() -> None:
    with _serving() as (server, _, mail):
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="no such mailbox"):
                mail.send(_message("nobody@acme.example"))
        mail.send(_message())
        assert (len(server.taken), server.connections) == (1, 1)


def test_a_refusal_for_now_and_one_of_the_content_are_told_apart() -> None:
    with _serving() as (_, _, mail):
        with pytest.raises(smtplib.SMTPResponseException) as later:
            mail.send(_message("later@acme.example"))
        assert not isinstance(later.value, smtplib.SMTPDataError)
        with pytest.raises(smtplib.SMTPDataError):
            mail.send(_message(body="spam"))


def test_a_server_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="refused"):
        SmtpServer(_settings(free_port())).send(_message())
