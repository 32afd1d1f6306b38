"""A client that keeps sending requests whatever dies, and records every answer."""

import threading
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.waiting import wait_until

REASONS = [{"code": "other", "text": "because"}]
EACH = 10
"""The number of requests in one call. An App's next call is sent after its last one is answered."""


@dataclass
class Client:
    """Requests `triggers` of each App in turn, without waiting for outcomes.

    A request is legal only if all earlier requests of its App were applied in order, so a refused one reveals a request
    that was lost, judged twice, or judged out of order.
    """

    url: str
    token: str
    triggers: tuple[str, ...] = ("suspend", "reinstate")
    accepted: dict[str, list[str]] = field(default_factory=dict)
    failed_calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask_for(self, slugs: list[str], each: int, threads: int = 4) -> list[threading.Thread]:
        """Starts to send `each` requests for each App, from `threads` threads. Returns the threads."""
        groups = [slugs[number::threads] for number in range(threads)]
        started = [threading.Thread(target=self._ask_group, args=(group, each), daemon=True) for group in groups]
        for thread in started:
            thread.start()
        return started

    def _ask_group(self, slugs: list[str], each: int) -> None:
        for first in range(0, each, EACH):
            for slug in slugs:
                items = [self._item(slug, number) for number in range(first, first + EACH)]
                ids = self._ask_until_answered(items)
                with self._lock:
                    self.accepted.setdefault(slug, []).extend(ids)

    def _item(self, slug: str, number: int) -> dict[str, Any]:
        trigger = self.triggers[number % len(self.triggers)]
        return {"app": slug, "trigger": trigger, "reasons": REASONS, "idempotency_key": f"{slug}/{number}"}

    def _ask_until_answered(self, items: list[dict[str, Any]]) -> list[str]:
        answer: list[dict[str, Any]] = wait_until(
            lambda: self._post(items) or [], seconds=90, what="an answer of the API"
        )
        assert all(item["status"] == 202 for item in answer), answer
        return [item["id"] for item in answer]

    def _post(self, items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = requests.post(f"{self.url}/v1/transition-requests", json=items, headers=headers, timeout=10)
        except requests.RequestException:
            self.failed_calls += 1
            return None
        if answer.status_code != 200:
            assert answer.status_code == 503, answer.text
            self.failed_calls += 1
            return None
        listed: list[dict[str, Any]] = answer.json()["items"]
        return listed
