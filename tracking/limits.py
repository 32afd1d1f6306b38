"""Bounds on senders: requests of a write key, and requests of an address whose key is not known before its body."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tracking.answers import Refusal, RefusedError
from web.limits import Rate, RateCounter

MAX_REMEMBERED: Final = 10_000
KNOWN_SECONDS: Final = 60.0

Name = TypeVar("Name", str, bytes)


@dataclass(slots=True)
class SenderLimits:
    """Counts requests in Redis for all processes. A sender that is over its rate is refused here until it may again.

    Redis is not asked meanwhile, so a flood costs it no more than the rate. Without Redis all may pass.
    """

    counting: RateCounter
    by_key: Rate
    by_address: Rate
    _held: "OrderedDict[str, float]" = field(default_factory=OrderedDict)
    _known: "OrderedDict[bytes, float]" = field(default_factory=OrderedDict)

    async def take_of_key(self, key_hash: bytes) -> None:
        """Counts a request of a write key. Raises RefusedError if it is one too many."""
        await self._take(self.by_key, key_hash.hex()[:32])

    async def take_of_address(self, network: str) -> None:
        """Counts a request whose key is not known yet. Raises RefusedError if it is one too many of its address."""
        await self._take(self.by_address, network)

    def remember(self, key_hash: bytes) -> None:
        """Notes that a stream has this key."""
        _keep(self._known, key_hash, time.monotonic() + KNOWN_SECONDS)

    def is_known(self, key_hash: bytes) -> bool:
        """Returns whether a stream had this key a short while ago."""
        return self._known.get(key_hash, 0.0) > time.monotonic()

    async def _take(self, rate: Rate, name: str) -> None:
        if not rate.count:
            return
        now, sender = time.monotonic(), f"{rate.name}:{name}"
        held_until = self._held.get(sender, 0.0)
        if held_until <= now:
            verdict = await self.counting.take(rate, name)
            if verdict is None or not verdict.limited:
                return
            held_until = now + verdict.retry_seconds
            _keep(self._held, sender, held_until)
        detail = f"This is more than {rate.count} requests in {rate.seconds} s."
        raise RefusedError(Refusal(429, "rate.limited", detail, "Send larger batches, and wait.", held_until - now))


def _keep(kept: "OrderedDict[Name, float]", name: Name, until: float) -> None:
    kept[name] = until
    kept.move_to_end(name)
    while len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
