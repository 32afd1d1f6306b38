"""Guarded clients for the tests, and resolvers with prepared answers."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest

from runtime.guarded_http import FetchLimits, FetchRefused, GuardedHttp, NameUnresolvedError, Resolver
from runtime.guarded_http.addresses import Address

CERTIFICATES: Final = Path(__file__).parent / "certificates"
SHORT: Final = replace(FetchLimits(), total=timedelta(seconds=0.4))


class Answers:
    """A resolver that returns the next of `answers` at each look-up. `asked` has the names that were looked up."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)
        self._lock = threading.Lock()

    def __call__(self, name: str, _seconds: float) -> Sequence[Address]:
        with self._lock:
            self.asked.append(name)
            if not self._answers:
                raise NameUnresolvedError("The test gives no further answer")
            return [ip_address(text) for text in self._answers.pop(0)]


def strict(resolver: Resolver | None = None) -> GuardedHttp:
    """Returns the client of a real installation. Without a resolver, every look-up raises."""
    return GuardedHttp(FetchLimits(), user_agent="test", resolver=resolver or Answers())


def local(limits: FetchLimits | None = None, *names: Sequence[str]) -> GuardedHttp:
    """Returns a client that may reach the hostile server. `names` are the answers of its resolver."""
    return GuardedHttp(
        limits or FetchLimits(),
        user_agent="devcenter-test/1",
        allow_loopback=True,
        resolver=Answers(*names),
        authorities=CERTIFICATES / "authority.pem",
    )


def refusal(client: GuardedHttp, url: str) -> FetchRefused:
    """Returns the refusal of `url`. Fails the test if it is not refused."""
    with pytest.raises(FetchRefused) as caught:
        client.fetch(url)
    return caught.value
