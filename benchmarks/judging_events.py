"""Judging events of a stream: microseconds an event, beside parsing the same event. No database, no process."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks.figure import Figure, Scale
from workflow.spec.judging import judge_event

APP = "acme"
DECLARED = ("Order Completed", "Widget Opened")
GOAL_US = 30.0
BATCH = 50
_CALL: dict[str, Any] = {
    "messageId": "ajs-7b1a5f0e-1f2d-4d0f-9b7c",
    "userId": "97980cfea0067",
    "anonymousId": None,
    "timestamp": "2026-11-02T09:30:00.000Z",
    "sentAt": "2026-11-02T09:30:00.400Z",
    "integrations": {},
    "context": {
        "integration": {"name": APP, "version": "1.0.0"},
        "library": {"name": "analytics-python", "version": "2.4.0"},
        "ip": "203.0.113.7",
    },
}
_PRODUCT = {
    "product_id": "507f1f77",
    "sku": "45790-32",
    "name": "Monopoly",
    "price": 19,
    "quantity": 1,
    "category": "Games",
}
_ORDER = {"order_id": "50314b8e", "total": 27.5, "revenue": 25.0, "shipping": 3, "tax": 2, "currency": "USD"}
EVENTS: dict[str, dict[str, Any]] = {
    "an order": _CALL
    | {"type": "track", "event": "Order Completed", "properties": _ORDER | {"products": [_PRODUCT, _PRODUCT]}},
    "an event of the partner's own": _CALL
    | {"type": "track", "event": "Widget Opened", "properties": {"widget": "chart", "rows": 7}},
    "an identify": _CALL | {"type": "identify", "traits": {"email": "pat@acme.example", "plan": "premium"}},
    "a page": _CALL | {"type": "page", "name": "Home", "properties": {"url": "https://acme.example/", "title": "Home"}},
    "an order with ten findings": _CALL
    | {
        "type": "track",
        "event": "Purchase",
        "context": {"integration": {"name": "Acme", "version": 1}},
        "properties": {"orderId": 7, "total": "27.5", "tax": "x", "products": [1, {"price": "19"}]},
    },
}


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the time of judging each kind of event, and of all beside parsing them: the best of many batches."""
    rounds = scale.of(2_000, 200)
    judging = parsing = 0.0
    for name, event in EVENTS.items():
        text = json.dumps(event)
        judged = _best(partial(judge_event, event, app_slug=APP, declared=DECLARED), rounds)
        parsed = _best(partial(json.loads, text), rounds)
        yield Figure(f"judging events: {name}", judged, "us/event", "goal: at most", GOAL_US)
        judging, parsing = judging + judged, parsing + parsed
    mean = judging / len(EVENTS)
    yield Figure("judging events: all of them", mean, "us/event", "json.loads of the same", parsing / len(EVENTS))


def _best(work: Callable[[], object], rounds: int) -> float:
    """Returns the microseconds of one call, in the fastest of `rounds` batches: the machine does other things too."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(BATCH):
            work()
        best = min(best, time.perf_counter() - began)
    return best / BATCH * 1e6
