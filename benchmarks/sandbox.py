"""Streams' events accepted by one process of `devcenter tracking`: alone, and while transitions drain."""

import asyncio
import base64
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from sqlalchemy import text

from benchmarks.client import Answers, send_as_fast_as_answered, send_at_rate
from benchmarks.drain import drain
from benchmarks.figure import Figure, Scale
from benchmarks.processes import Running, environment, running, until
from benchmarks.stage import Stage, stage
from runtime.embedded.processes import free_port

BATCH = 100
KEYS = 200
GOAL = 5_000
BESIDE_A_DRAIN = 2_000
CONNECTIONS = 16


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns events accepted per second, their CPU, the growth of memory, and both rates beside a drain."""
    apps, batches = scale.of(10_000, 2_000), scale.of(3_000, 400)
    with stage(apps=apps) as on:
        _add_streams(on)
        with _tracking(on) as (process, port):
            asyncio.run(send_as_fast_as_answered(port, [_batch(one) for one in range(100)], connections=CONNECTIONS))
            before, memory = process.cpu_seconds(), _megabytes(process)
            made = [_batch(1_000 + one) for one in range(batches)]
            alone = asyncio.run(send_as_fast_as_answered(port, made, connections=CONNECTIONS))
            assert not alone.refused, alone.statuses
            yield Figure("sandbox: events accepted", alone.a_second * BATCH, "events/s", "goal: at least", GOAL)
            cpu = (process.cpu_seconds() - before) / batches / BATCH * 1e6
            yield Figure("sandbox: CPU of an event", cpu, "us/event", "its parse by json.loads", _parse_us(made[0]))
            grown = _megabytes(process) / memory
            yield Figure("sandbox: memory after the run", grown, "x", "before the run (goal: flat)", 1.0)
            stored = on.number("SELECT max(count) FROM (SELECT count(*) FROM sandbox_event GROUP BY component_id) one")
            yield Figure("sandbox: most events of a stream", stored, "events", "the ring", 1_000)
            yield from _beside_a_drain(on, port, apps)


def _beside_a_drain(on: Stage, port: int, apps: int) -> Iterator[Figure]:
    quietly, _ = drain(on, apps=apps)
    seconds = 5 * apps / quietly * 1.5 + 3
    rate = BESIDE_A_DRAIN / BATCH
    made = [_batch(100_000 + one) for one in range(int(rate * seconds))]
    answers: list[Answers] = []

    def send() -> None:
        answers.append(asyncio.run(send_at_rate(port, made.__getitem__, a_second=rate, seconds=len(made) / rate)))

    sending = Thread(target=send)
    sending.start()
    beside, _ = drain(on, apps=apps)
    sending.join()
    taken = answers[0].statuses["200"] * BATCH / (answers[0].ended - answers[0].began)
    yield Figure("sandbox: events accepted beside a drain", taken, "events/s", "sent a second", BESIDE_A_DRAIN)
    yield Figure("sandbox: drain beside events", beside, "transitions/s", "the drain alone (goal: 0.9)", quietly)


def _key(number: int) -> str:
    return f"wk_bench_{number}"


def _add_streams(on: Stage) -> None:
    keys = [hashlib.sha256(_key(number).encode()).digest() for number in range(KEYS)]
    with on.engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO component (id, app_id, kind, name, settings, write_key_hash)
                SELECT uuidv7(), a.id, 'stream', 'Sent', '{"events": ["Email Opened", "Order Completed"]}', k.hash
                  FROM unnest(CAST(:keys AS bytea[])) WITH ORDINALITY AS k (hash, number)
                  JOIN app a ON a.slug = 'app-' || k.number
            """),
            {"keys": keys},
        )


@contextmanager
def _tracking(on: Stage) -> Iterator[tuple[Running, int]]:
    """Runs one process without limits of rate. Yields it and its port once it answers."""
    port, beside = free_port(), free_port()
    own = {"DEVCENTER_TRACKING_PORT": str(port), "DEVCENTER_TRACKING_OPERATORS_PORT": str(beside)}
    limits = {"DEVCENTER_RATE_WRITE_KEY": "0", "DEVCENTER_RATE_SENDER": "0"}
    superuser = on.engine.url.render_as_string(hide_password=False)  # which the process steps down from
    env = environment(on, **own | limits) | {"DATABASE_URL": superuser}
    command = [sys.executable, "-m", "cli.main", "tracking"]
    with running(command, env, on.folder / "tracking.log") as started:
        until(lambda: _answers(beside), "the sandbox")
        yield started, port


def _answers(port: int) -> bool:
    async def ask() -> Answers:
        return await send_as_fast_as_answered(port, [b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"], connections=1)

    try:
        return not asyncio.run(ask()).refused
    except OSError:
        return False


def _batch(number: int) -> bytes:
    """Returns a call with the key whose turn it is, of events that are valid and new."""
    key = number % KEYS
    events = [_event(key, f"m-{number}-{one}") for one in range(BATCH)]
    body = json.dumps({"batch": events, "sentAt": "2026-11-02T09:31:00Z"}).encode()
    basic = base64.b64encode(f"{_key(key)}:".encode()).decode()
    lines = ("POST /v1/batch HTTP/1.1", "Host: bench", f"Authorization: Basic {basic}", f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def _event(key: int, message_id: str) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "user-4711",
        "messageId": message_id,
        "timestamp": "2026-11-02T09:30:00.000Z",
        "context": {
            "integration": {"name": f"app-{key + 1}", "version": "1.0.0"},
            "library": {"name": "analytics-python", "version": "2.4.0"},
        },
        "integrations": {},
        "properties": {
            "order_id": "o-4711",
            "total": 27.5,
            "currency": "USD",
            "products": [{"product_id": "p-1", "name": "Monopoly", "price": 19, "quantity": 1, "category": "Games"}],
        },
    }


def _parse_us(call: bytes) -> float:
    """Returns the microseconds that reading the JSON of one event takes here."""
    body, rounds = call.partition(b"\r\n\r\n")[2], 50
    began = time.process_time()
    for _ in range(rounds):
        json.loads(body)
    return (time.process_time() - began) / rounds / BATCH * 1e6


def _megabytes(process: Running) -> float:
    return float(process.process.memory_info().rss) / 1024**2
