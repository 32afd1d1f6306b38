"""A small name server on loopback, which answers questions for TXT records over real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final, TypeAlias

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from runtime.name_texts import NameTexts

Behaviour: TypeAlias = Callable[[dns.message.Message], bytes | None]
"""Makes the answer to a question, or None for no answer."""
_PIECE: Final = 200


class NameServer:
    """Answers questions for each name by its behaviour, and that there is no such name for all others.

    `asked` has the names in the order of the questions.
    """

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self.asked: list[str] = []
        self._behaviours = behaviours
        self._stop = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)

    @contextmanager
    def running(self) -> Iterator["NameServer"]:
        """Serves until the block ends."""
        thread = threading.Thread(target=self._serve)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()
            self._socket.close()

    def texts(self, time: timedelta = timedelta(seconds=5)) -> NameTexts:
        """Returns a client that asks this server."""
        return NameTexts(servers=["127.0.0.1"], port=self._socket.getsockname()[1], time=time)

    def _serve(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                wire, sender = self._socket.recvfrom(65_535)
                question = dns.message.from_wire(wire)
                name = str(question.question[0].name).removesuffix(".")
                self.asked.append(name)
                answered = self._behaviours.get(name, no_such_name)(question)
                if answered is not None:
                    self._socket.sendto(answered, sender)


def has(*texts: str) -> Behaviour:
    """Answers with a TXT record for each text. A long one is in several strings, as a record has them."""

    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *map(_quoted, texts)))
        return made.to_wire()

    return answer if texts else fails(dns.rcode.NOERROR)


def fails(code: dns.rcode.Rcode) -> Behaviour:
    """Answers with a code and without records."""

    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.set_rcode(code)
        return made.to_wire()

    return answer


def is_truncated(question: dns.message.Message) -> bytes:
    """Answers that the rest is to be had over TCP, where nobody listens."""
    made = dns.message.make_response(question)
    made.flags |= dns.flags.TC
    return made.to_wire()


def sends(*pieces: bytes) -> Behaviour:
    """Answers with the question's id and then these bytes."""
    return lambda question: question.id.to_bytes(2, "big") + b"".join(pieces)


def silent(_question: dns.message.Message) -> None:
    """Never answers."""


no_such_name: Final = fails(dns.rcode.NXDOMAIN)


def _quoted(text: str) -> str:
    pieces: Sequence[str] = [text[begin : begin + _PIECE] for begin in range(0, len(text), _PIECE)] or [""]
    return " ".join(f'"{piece}"' for piece in pieces)
