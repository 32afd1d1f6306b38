"""The frame of a mail with plain text and HTML, put together and written for a tenth of what the library's way costs.

A writer of any message parses and folds each header anew. What this one writes is the same, but for long values that
cannot be folded, such as links and addresses: the library encodes them, and no reader of mail follows an encoded link.
"""

from binascii import b2a_qp
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage, Message
from email.policy import SMTP, EmailPolicy, Policy
from functools import lru_cache
from secrets import token_hex
from typing import Any, Final, cast

MAX_PLAIN_LINE: Final = 900
"""The longest line, in characters, that is sent as it is: servers take 998 at most (RFC 5321)."""
MAX_HEADER_LINE: Final = 78
"""The longest line of a header that need not be folded (RFC 5322)."""
CACHED_HEADERS: Final = 1000


class TwoFormMail(EmailMessage):
    """A mail in two forms, of which the reader's program shows the last that it can: plain text, and HTML."""

    def __init__(self) -> None:
        super().__init__(policy=_POLICY)

    def set_verbatim(self, name: str, value: str) -> None:
        """Sets a header that is written as it is, on one line, if it is ASCII that fits: an address, an id, a link."""
        fits = len(value) <= MAX_PLAIN_LINE and _is_printable(value)
        self[name] = _Verbatim(name, value) if fits else value

    def set_forms(self, *, plain: str, html: str) -> None:
        """Sets the text of both forms. The boundary is new for each mail, so that no text can contain it."""
        self["MIME-Version"] = "1.0"
        self.set_verbatim("Content-Type", f'multipart/alternative; boundary="{token_hex(12)}"')
        self.set_payload([_part("plain", plain), _part("html", html)])

    def as_bytes(self, unixfrom: bool = False, policy: "Policy[Any] | None" = None) -> bytes:  # noqa: ARG002
        """Returns the mail as it is sent, in lines of ASCII. Of the policy only the end of lines counts."""
        end = (policy or self.policy).linesep
        delimiter = f"--{self.get_boundary()}"
        parts = [
            f"{delimiter}\n{_head(part)}\n{part.get_payload()}\n" for part in cast("list[Message]", self.get_payload())
        ]
        written = f"{_head(self)}\n{''.join(parts)}{delimiter}--\n"
        return (written if end == "\n" else written.replace("\n", end)).encode("ascii")


class _CachedHeaders(HeaderRegistry):
    """Headers, and their classes, from a cache: the library makes a class for each header, and parses each anew.

    Most headers of a mail have been written before: the sender, the subject, the date of mails of one transaction.
    """

    __getitem__ = lru_cache(maxsize=100)(HeaderRegistry.__getitem__)
    _made = lru_cache(maxsize=CACHED_HEADERS)(HeaderRegistry.__call__)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        header: BaseHeader = self._made(name, str(value))
        return header


_POLICY: "Final[EmailPolicy[Any]]" = SMTP.clone(cte_type="7bit", header_factory=_CachedHeaders())
_FOLDING: "Final[EmailPolicy[Any]]" = _POLICY.clone(linesep="\n")


class _Verbatim(str):
    """The value of a header that is neither parsed nor folded. The library keeps whatever has the header's `name`."""

    name: str

    def __new__(cls, name: str, value: str) -> "_Verbatim":
        self = super().__new__(cls, value)
        self.name = name
        return self

    def fold(self, *, policy: "EmailPolicy[Any]") -> str:
        """Returns the header's only line, as the library asks for it."""
        return f"{self.name}: {self}{policy.linesep}"


def _part(subtype: str, text: str) -> Message:
    """Returns a part in the library's older form, whose headers are not parsed. All of its lines end alike."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    part = Message()
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    is_plain = text.isascii() and max(map(len, text.split("\n"))) <= MAX_PLAIN_LINE
    part["Content-Transfer-Encoding"] = "7bit" if is_plain else "quoted-printable"
    part.set_payload(text if is_plain else b2a_qp(text.encode(), istext=True).decode("ascii"))
    return part


def _head(message: Message) -> str:
    return "".join(_folded(name, value) for name, value in message.items())


def _folded(name: str, value: str) -> str:
    """Returns the lines of a header."""
    if len(name) + 2 + len(value) <= MAX_HEADER_LINE and _is_printable(value):
        return f"{name}: {value}\n"
    folded: str = _FOLDING.fold(name, value)
    return folded


def _is_printable(value: str) -> bool:
    return value.isascii() and value.isprintable()
