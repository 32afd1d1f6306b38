"""The mail server: messages are handed over on connections that are kept."""

import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from typing import Final

from runtime.settings import Settings

ANSWER_SECONDS: Final = 20.0
"""How long the server may take for one answer."""
MESSAGE_SECONDS: Final = 30.0
"""How long one message may take, from connecting to the server's last answer."""
IDLE_SECONDS: Final = 20.0
"""A connection that was idle for longer is not used again: servers close them."""
MAX_MESSAGES: Final = 100
"""Messages for each connection."""
_POLICY: Final = SMTP_POLICY.clone(cte_type="7bit")


@dataclass(slots=True)
class _Connection:
    smtp: smtplib.SMTP
    messages: int = 0
    used_at: float = 0.0


class SmtpServer:
    """The mail server of the settings, for many threads at once.

    A connection is kept for up to MAX_MESSAGES. Whether a kept one still lives is only known by using it: a message
    whose content was not begun is sent again at once, on a new connection.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []

    def send(self, message: EmailMessage) -> None:
        """Returns when the server has taken the message.

        Raises smtplib.SMTPRecipientsRefused and smtplib.SMTPDataError when it refuses this message, and OSError, of
        which other smtplib.SMTPException are, when it does not do its work.
        """
        deadline = time.monotonic() + MESSAGE_SECONDS
        kept = self._take_idle()
        if kept is not None:
            try:
                self._begin(kept, message, deadline)
            except smtplib.SMTPRecipientsRefused:
                self._keep(kept)
                raise
            except OSError:
                _drop(kept)
            else:
                self._finish(kept, message, deadline)
                return
        connection = self._connect(deadline)
        try:
            self._begin(connection, message, deadline)
        except smtplib.SMTPRecipientsRefused:
            self._keep(connection)
            raise
        except BaseException:
            _drop(connection)
            raise
        self._finish(connection, message, deadline)

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            _drop(connection)

    def _connect(self, deadline: float) -> _Connection:
        settings = self._settings
        smtp = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_left(deadline))
        try:
            if settings.smtp_starttls:
                smtp.starttls(context=ssl.create_default_context())
            if settings.smtp_user and settings.smtp_password:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return _Connection(smtp)

    def _begin(self, connection: _Connection, message: EmailMessage, deadline: float) -> None:
        """Names sender and recipient. Nothing is sent yet: whatever fails here can be begun again elsewhere."""
        smtp, recipient = connection.smtp, parseaddr(str(message["To"]))[1]
        with _bounded(smtp, deadline):
            code, answer = smtp.mail(parseaddr(str(message["From"]))[1])
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, answer, str(message["From"]))
        with _bounded(smtp, deadline):
            code, answer = smtp.rcpt(recipient)
        if code not in (250, 251):
            if 500 <= code < 600:
                _reset(smtp, deadline)
                raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
            raise smtplib.SMTPResponseException(code, answer)

    def _finish(self, connection: _Connection, message: EmailMessage, deadline: float) -> None:
        """Sends the content, once: when this breaks, nobody knows whether the server took it."""
        try:
            with _bounded(connection.smtp, deadline):
                code, answer = connection.smtp.data(message.as_bytes(policy=_POLICY))
        except BaseException:
            _drop(connection)
            raise
        if code != 250:
            _drop(connection)
            kind = smtplib.SMTPDataError if 500 <= code < 600 else smtplib.SMTPResponseException
            raise kind(code, answer)
        connection.messages += 1
        self._keep(connection)

    def _take_idle(self) -> _Connection | None:
        now = time.monotonic()
        with self._lock:
            old = [one for one in self._idle if now - one.used_at > IDLE_SECONDS]
            self._idle = [one for one in self._idle if now - one.used_at <= IDLE_SECONDS]
            taken = self._idle.pop() if self._idle else None
        for connection in old:
            _drop(connection)
        return taken

    def _keep(self, connection: _Connection) -> None:
        if connection.messages >= MAX_MESSAGES:
            _drop(connection)
            return
        connection.used_at = time.monotonic()
        with self._lock:
            self._idle.append(connection)


def _left(deadline: float) -> float:
    """Returns the seconds that an answer may take. Raises TimeoutError when none are left."""
    left = min(ANSWER_SECONDS, deadline - time.monotonic())
    if left <= 0:
        raise TimeoutError(f"the mail server took more than {MESSAGE_SECONDS:.0f} s for one message")
    return left


@contextmanager
def _bounded(smtp: smtplib.SMTP, deadline: float) -> Iterator[None]:
    """Has the socket wait no longer than is left."""
    if smtp.sock is not None:
        smtp.sock.settimeout(_left(deadline))
    yield


def _reset(smtp: smtplib.SMTP, deadline: float) -> None:
    with suppress(OSError), _bounded(smtp, deadline):
        smtp.rset()


def _drop(connection: _Connection) -> None:
    """Closes without a word: QUIT would wait for an answer."""
    with suppress(OSError):
        connection.smtp.close()
