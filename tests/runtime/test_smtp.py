"""The mail server: kept connections, refusals that are final, and a kept connection that the server has closed."""

import email
import email.policy
import smtplib
import socket
import threading
import time
from contextlib import closing, suppress
from email.message import EmailMessage
from typing import Any

import pytest

from runtime.embedded.processes import free_port
from runtime.smtp import MAX_MESSAGES, MailFailed, SmtpServer, _BoundedSmtp
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


def test_a_message_arrives_as_written_whatever_extensions_the_server_has() -> None:
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


def test_a_permanently_refused_recipient_is_recognised_and_keeps_the_connection() -> None:
    with serving() as (server, _, mail):
        for _ in range(2):
            with pytest.raises(MailFailed, match="no such mailbox") as refusal:
                mail.send(_message("nobody@acme.example"))
            assert refusal.value.is_final
        mail.send(_message())
        assert (len(server.taken), server.connections) == (1, 1)


@pytest.mark.parametrize(
    ("recipient", "body", "is_final"),
    [
        ("nobody@acme.example", "a word", True),
        ("later@acme.example", "a word", False),
        ("policy@acme.example", "a word", False),
        ("pat@acme.example", "spam", True),
        ("pat@acme.example", "full", False),
    ],
)
def test_a_refusal_is_final_only_where_it_is_of_this_mail_and_for_good(
    recipient: str, body: str, is_final: bool
) -> None:
    with serving() as (server, _, mail):
        with pytest.raises(MailFailed) as refusal:
            mail.send(_message(recipient, body))
        assert (refusal.value.is_final, refusal.value.is_recipients) == (is_final, False)
        mail.send(_message())
        assert len(server.taken) == 1


def _scripted(lines: dict[bytes, list[bytes]], recipient: str = "pat@acme.example") -> MailFailed:
    """Sends a mail to a server that answers each command by `lines`, and returns the failure."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        threading.Thread(target=_answer, args=(listening, lines), daemon=True).start()
        with closing(SmtpServer(settings_for(port))) as mail, pytest.raises(MailFailed) as failure:
            mail.send(_message(recipient))
        return failure.value


def _answer(listening: socket.socket, lines: dict[bytes, list[bytes]]) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb") as file:
        file.write(b"220 ready\r\n")
        file.flush()
        for line in file:
            answers = lines.get(line.split(b":")[0].split()[0].upper(), [b"250 ok"])
            if not answers:
                return
            file.writelines(answer + b"\r\n" for answer in answers)
            file.flush()


def test_a_server_that_does_not_want_the_content_now_may_want_it_later() -> None:
    failure = _scripted({b"DATA": [b"451 4.3.1 insufficient system storage"]})
    assert (failure.is_final, failure.is_recipients) == (False, False)


def test_a_server_that_hangs_up_on_the_content_blames_the_recipient_and_on_the_sender_itself() -> None:
    assert _scripted({b"DATA": []}).is_recipients
    assert not _scripted({b"MAIL": []}).is_recipients


def test_an_answer_without_an_end_is_cut_off() -> None:
    assert "lines" in str(_scripted({b"MAIL": [b"250-and"] * 1000 + [b"250 so on"]}))


def test_an_unreachable_server_is_away_for_every_message() -> None:
    with pytest.raises(MailFailed, match="refused") as failure:
        SmtpServer(settings_for(free_port())).send(_message())
    assert failure.value.is_servers


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        (b"EHLO", b"421 too many connections"),
        (b"MAIL", b"421 shutting down"),
        (b"MAIL", b"530 authentication required"),
        (b"MAIL", b"553 not a sender of ours"),
    ],
)
def test_a_server_that_takes_nothing_of_this_service_is_away_whichever_message_it_is(
    verb: bytes, answer: bytes
) -> None:
    failure = _scripted({verb: [answer], b"HELO": [answer]} if verb == b"EHLO" else {verb: [answer]})
    assert (failure.is_servers, failure.is_final, failure.is_recipients) == (True, False, False)


def test_a_server_that_drips_is_as_late_as_one_that_is_silent() -> None:
    """The deadline is cut short: what is held is that each read asks for what is left of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()
        dripping = threading.Thread(target=_drip, args=(listening, stop), daemon=True)
        dripping.start()
        client = _BoundedSmtp("127.0.0.1", time.monotonic() + 0.5)
        with closing(client), pytest.raises((TimeoutError, smtplib.SMTPException)):
            client.connect(*listening.getsockname())
        stop.set()
        dripping.join(30)


def _drip(listening: socket.socket, stop: threading.Event) -> None:
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        while not stop.wait(0.05):
            connection.sendall(b"2")
