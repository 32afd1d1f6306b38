"""The mail server: kept connections, refusals that are final, and a kept connection that the server has closed."""

import email
import email.policy
import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from runtime.embedded.processes import free_port
from runtime.smtp import MAX_MESSAGES, SmtpServer
from tests.refusing_mail import serving, settings_for


def _message(to: str = "pat@acme.example", body: str = "Grüße, a line\n.\nand one after a dot") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "devcenter@platform.example", f"Pät <{to}>", "Hällo"
    message.set_content(body)
    return message


def test_a_connection_is_kept_and_changed_after_a_hundred_messages() -> None:
    with serving() as (server, _, mail):
        for _ in range(MAX_MESSAGES + 1):
            mail.send(_message())
        assert (len(server.taken), server.connections) == (MAX_MESSAGES + 1, 2)


def test_what_is_sent_arrives_as_it_was_written_whatever_the_server_can_take() -> None:
    with serving() as (server, _, mail):
        mail.send(_message())
        (taken,) = server.taken
    assert max(taken) < 128
    read: Any = email.message_from_bytes(taken, policy=email.policy.default)
    assert read["Subject"] == "Hällo"
    assert read.get_content().splitlines() == ["Grüße, a line", ".", "and one after a dot"]


def test_a_kept_connection_that_the_server_closed_is_replaced_without_an_error() -> None:
    with serving() as (server, controller, mail):
        mail.send(_message())
        server.hang_up(controller)
        mail.send(_message())
        assert (len(server.taken), server.connections) == (2, 2)


def test_a_recipient_that_is_refused_for_good_is_told_apart_and_keeps_the_connection() -> None:
    with serving() as (server, _, mail):
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="no such mailbox"):
                mail.send(_message("nobody@acme.example"))
        mail.send(_message())
        assert (len(server.taken), server.connections) == (1, 1)


def test_a_refusal_for_now_and_one_of_the_content_are_told_apart() -> None:
    with serving() as (_, _, mail):
        with pytest.raises(smtplib.SMTPResponseException) as later:
            mail.send(_message("later@acme.example"))
        assert not isinstance(later.value, smtplib.SMTPDataError)
        with pytest.raises(smtplib.SMTPDataError):
            mail.send(_message(body="spam"))


def test_a_server_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="refused"):
        SmtpServer(settings_for(free_port())).send(_message())
