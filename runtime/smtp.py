"""The mail server: messages are handed over on connections that are kept."""

import io
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from functools import lru_cache
from typing import Any, Final

from runtime.settings import Settings

ANSWER_SECONDS: Final = 20.0
"""How long the server may take for one line of an answer."""
MESSAGE_SECONDS: Final = 30.0
"""How long one message may take, from connecting to the server's last answer."""
IDLE_SECONDS: Final = 20.0
"""A connection that was idle for longer is not used again: servers close them."""
MAX_MESSAGES: Final = 100
"""Messages for each connection."""
MAX_ANSWER_LINES: Final = 100
_POLICY: Final = SMTP_POLICY.clone(cte_type="7bit")


class MailFailed(OSError):
    """A message was not taken.

    `is_final`: the server refuses this message, and would again. `is_recipients`: it did not answer for this recipient,
    with whom others have nothing to do. `is_servers`: the server cannot be reached, does not let this service in, or
    takes nothing of its sender, whichever message it is.
    """

    def __init__(
        self, words: str, *, is_final: bool = False, is_recipients: bool = False, is_servers: bool = False
    ) -> None:
        super().__init__(words)
        self.is_servers = is_servers
        self.is_final = is_final
        self.is_recipients = is_recipients


class SmtpServer:
    """The mail server of the settings, for many threads at once.

    A connection is kept for up to MAX_MESSAGES. Whether a kept one still lives is only known by using it: a message
    whose content was not begun is sent again at once, on a new connection.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []

    def send(self, message: EmailMessage, *, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Returns whether the server has taken the message. Raises MailFailed, and other OSError.

        `is_wanted` is asked when the server waits for the content, after all that may take long. Returns False if it
        says no; nothing is sent then.
        """
        deadline = time.monotonic() + MESSAGE_SECONDS
        kept = self._take_idle()
        if kept is not None:
            try:
                return self._hand_over(kept, message, deadline, is_wanted)
            except _NothingSentError:
                pass  # the server has closed the kept connection
        try:
            return self._hand_over(self._connect(deadline), message, deadline, is_wanted)
        except _NothingSentError as error:
            raise MailFailed(f"the mail server closed the connection: {error}", is_servers=True) from error

    def check(self) -> None:
        """Returns if the server can be reached and lets this service in. Sends nothing. Raises MailFailed."""
        self._keep(self._connect(time.monotonic() + MESSAGE_SECONDS))

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.drop()

    def _connect(self, deadline: float) -> "_Connection":
        settings = self._settings
        tls = ssl.create_default_context() if settings.smtp_uses_tls else None
        smtp = _BoundedSmtp(settings.smtp_host, deadline, tls)
        try:
            smtp.connect(settings.smtp_host, settings.smtp_port)
            if settings.smtp_starttls:
                smtp.starttls(context=ssl.create_default_context())
            if settings.smtp_user and settings.smtp_password:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            smtp.ehlo_or_helo_if_needed()
        except OSError as error:
            smtp.close()
            raise MailFailed(
                f"the mail server {settings.smtp_host}:{settings.smtp_port}: {error}", is_servers=True
            ) from error
        except BaseException:
            smtp.close()
            raise
        return _Connection(smtp)

    def _hand_over(
        self, connection: "_Connection", message: EmailMessage, deadline: float, is_wanted: Callable[[], bool]
    ) -> bool:
        """Hands a message over and keeps the connection, or drops it when its state is unknown."""
        connection.smtp.deadline = deadline
        try:
            is_taken = connection.hand_over(message, is_wanted)
        except MailFailed:
            if connection.is_usable:
                self._keep(connection)
            else:
                connection.drop()
            raise
        except BaseException:
            connection.drop()
            raise
        self._keep(connection)
        return is_taken

    def _take_idle(self) -> "_Connection | None":
        now = time.monotonic()
        with self._lock:
            old = [one for one in self._idle if now - one.used_at > IDLE_SECONDS]
            self._idle = [one for one in self._idle if now - one.used_at <= IDLE_SECONDS]
            taken = self._idle.pop() if self._idle else None
        for connection in old:
            connection.drop()
        return taken

    def _keep(self, connection: "_Connection") -> None:
        connection.messages += 1
        if connection.messages >= MAX_MESSAGES:
            connection.drop()
            return
        connection.used_at = time.monotonic()
        with self._lock:
            self._idle.append(connection)


class _NothingSentError(OSError):
    """The connection broke before the server could have taken anything."""


class _BoundedSmtp(smtplib.SMTP):
    """smtplib's client with a deadline for all that it sends and reads, which alone bounds each read."""

    def __init__(self, host: str, deadline: float, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(timeout=ANSWER_SECONDS)
        self._host = host  # the name that STARTTLS checks the certificate for
        self.deadline = deadline
        self._tls = tls

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connects, and begins with TLS if there is a context for it, as smtplib.SMTP_SSL does."""
        plain = socket.create_connection((host, port), timeout)
        if self._tls is None:
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def connect(self, *arguments: Any, **named: Any) -> tuple[int, bytes]:
        self.timeout = self._left()
        return super().connect(*arguments, **named)

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self._bound(self.sock)
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """Reads an answer from a file whose every read is bounded, which smtplib would make without a bound."""
        if self.file is None:
            self.file = _Answers(self)
        if isinstance(self.file, _Answers):
            self.file.lines = 0
        return super().getreply()

    def receive_into(self, buffer: Any) -> int:
        """Reads what has come, waiting no longer than is left. Raises TimeoutError."""
        if self.sock is None:
            return 0
        self._bound(self.sock)
        return self.sock.recv_into(buffer)

    def _bound(self, sock: socket.socket) -> None:
        """Bounds the next step by what is left. Setting the same bound again would be a system call for nothing."""
        left = self._left()
        if sock.gettimeout() != left:
            sock.settimeout(left)

    def _left(self) -> float:
        """Returns the seconds that are left for the next step. Raises TimeoutError when none are."""
        left = min(ANSWER_SECONDS, self.deadline - time.monotonic())
        if left <= 0:
            raise TimeoutError(f"the mail server took more than {MESSAGE_SECONDS:.0f} s for one message")
        return left


class _Answers(io.BufferedReader):
    """The lines of a server's answers, not too many of them for one answer."""

    def __init__(self, smtp: _BoundedSmtp) -> None:
        super().__init__(_Received(smtp))
        self.lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.lines += 1
        if self.lines > MAX_ANSWER_LINES:
            raise MailFailed(f"the mail server answers with more than {MAX_ANSWER_LINES} lines")
        return super().readline(size)


class _Received(io.RawIOBase):
    """What a client receives, as a file. A server that drips bytes is bounded as one that is silent."""

    def __init__(self, smtp: _BoundedSmtp) -> None:
        super().__init__()
        self._smtp = smtp

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._smtp.receive_into(buffer)


@dataclass(slots=True)
class _Connection:
    smtp: _BoundedSmtp
    messages: int = 0
    used_at: float = 0.0
    is_usable: bool = True
    """Whether the server waits for the next message: false after an answer that nobody got."""

    def hand_over(self, message: EmailMessage, is_wanted: Callable[[], bool]) -> bool:
        """Hands one message over, unless it is no longer wanted: then it returns False.

        Raises MailFailed, _NothingSentError, and other OSError.
        """
        sender, recipient = _address_in(str(message["From"])), _address_in(str(message["To"]))
        code, answer = self._command("MAIL", f"FROM:<{sender}>", recipients=False)
        if code != 250:
            self._reset()
            raise MailFailed(f"the mail server refuses the sender: {_words(code, answer)}", is_servers=True)
        code, answer = self._command("RCPT", f"TO:<{recipient}>", recipients=True)
        if code not in (250, 251):
            self._reset()
            raise MailFailed(f"it refuses {recipient}: {_words(code, answer)}", is_final=_is_final(code, answer))
        if not is_wanted():
            self._reset()
            return False
        self.is_usable = False  # until its answer to the content is read, nobody knows
        try:
            code, answer = self.smtp.data(message.as_bytes(policy=_POLICY))
        except smtplib.SMTPDataError as error:  # it did not want to begin
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except smtplib.SMTPServerDisconnected as error:
            raise MailFailed(f"it hung up on {recipient}: {error}", is_recipients=True) from error
        except TimeoutError as error:
            raise MailFailed(f"it did not answer for {recipient}: {error}", is_recipients=True) from error
        self.is_usable = True
        if code != 250:
            self._reset()
            raise MailFailed(f"it refuses the message: {_words(code, answer)}", is_final=_is_final(code, answer))
        return True

    def drop(self) -> None:
        """Closes without a word: QUIT would wait for an answer."""
        with suppress(OSError):
            self.smtp.close()

    def _command(self, verb: str, arguments: str, *, recipients: bool) -> tuple[int, bytes]:
        """Returns the server's answer before anything of the message is sent."""
        try:
            code, answer = self.smtp.docmd(verb, arguments)
        except TimeoutError as error:
            self.is_usable = False
            raise MailFailed(f"the mail server did not answer: {error}", is_recipients=recipients) from error
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            raise _NothingSentError(str(error)) from error
        if code == 421:
            raise _NothingSentError(_words(code, answer))
        return code, answer

    def _reset(self) -> None:
        """Has the server forget the message that it did not take."""
        try:
            self.smtp.rset()
        except OSError:
            self.is_usable = False


@lru_cache(maxsize=100)
def _address_in(header: str) -> str:
    """Returns the address of a header. Cached: the sender's is the same in every message."""
    return parseaddr(header)[1]


def _is_final(code: int, answer: bytes) -> bool:
    """Returns whether a refusal is of the recipient or the message: 530 and 5.7.x are of this service."""
    return 550 <= code < 560 and not answer.startswith(b"5.7.")


def _words(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode(errors='replace')}"


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()
