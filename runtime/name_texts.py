"""Looks up the TXT records of a name, in bounded time and size, at the name servers of this machine."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

TEXT_TIME: Final = timedelta(seconds=5)
"""The longest time that a look-up takes, its retries included."""


class NameTexts:
    """Looks up TXT records. Holds no connection and may be shared by threads."""

    def __init__(self, *, servers: Sequence[str] = (), port: int = 53, time: timedelta = TEXT_TIME) -> None:
        """Without `servers`, which are IP addresses, the machine's name servers are asked."""
        self._servers = servers
        self._port = port
        self._time = time

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns the texts of the TXT records of `name`, none if there is no such name or record.

        Undecodable bytes become U+FFFD. Raises OSError, with the reason, if the name servers give no usable answer.
        """
        try:
            answer = self._resolver().resolve(f"{name}.", "TXT", search=False, lifetime=self._time.total_seconds())
        except (NXDOMAIN, NoAnswer):
            return ()
        except DNSException as error:
            raise OSError(type(error).__name__) from error
        return tuple(b"".join(record.strings).decode(errors="replace") for record in answer)

    def _resolver(self) -> Resolver:
        """Returns a resolver that has read the machine's configuration afresh."""
        if not self._servers:
            return Resolver()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = list(self._servers), self._port
        return resolver
