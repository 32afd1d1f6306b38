"""Customers reported in bulk: how many reports one API process accepts, and how fast transitions drain meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from threading import Thread

from benchmarks.client import Answers, post, send_as_fast_as_answered, send_at_rate, service_token
from benchmarks.drain import drain
from benchmarks.figure import Figure, Scale
from benchmarks.processes import api
from benchmarks.stage import stage

BULK = 500
PATH = "/v1/usage"
GOAL = 10_000


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns reports accepted per second, alone and during a drain, and the drain during 10,000 reports a second."""
    apps, lists = scale.of(10_000, 2_000), scale.of(200, 40)
    with stage(apps=apps) as on, api(on) as (process, port):
        token = service_token(on)

        def reports(number: int) -> bytes:
            """Returns a list of new customers of fifty Apps for which no other call is in progress."""
            slugs = [f"app-{(number * 50 + one) % apps + 1}" for one in range(50)]
            items = [
                {"app": slugs[one % 50], "use": "customer", "workspace": f"w-{number}-{one}"} for one in range(BULK)
            ]
            return post(PATH, token, json.dumps({"items": items}))

        asyncio.run(send_as_fast_as_answered(port, [reports(one) for one in range(10)], connections=1))
        before = process.cpu_seconds()
        alone = asyncio.run(send_as_fast_as_answered(port, [reports(100 + one) for one in range(lists)], connections=4))
        assert not alone.refused
        cpu = (process.cpu_seconds() - before) / lists / BULK * 1e6
        yield Figure("usage: reports accepted", alone.a_second * BULK, "reports/s", "goal: at least", GOAL)
        yield Figure("usage: API CPU", cpu, "us/report", "one core at 10,000 a second", 100)

        quietly, _ = drain(on, apps=apps)
        seconds = 5 * apps / quietly * 1.5 + 3
        made = [reports(10_000 + one) for one in range(int(GOAL / BULK * seconds))]
        answers: list[Answers] = []

        def report() -> None:
            answers.append(
                asyncio.run(send_at_rate(port, made.__getitem__, a_second=GOAL / BULK, seconds=len(made) * BULK / GOAL))
            )

        reporting = Thread(target=report)
        reporting.start()
        beside, _ = drain(on, apps=apps)
        reporting.join()
        accepted = answers[0].statuses["200"] * BULK / (answers[0].ended - answers[0].began)
        yield Figure("usage: reports accepted beside a drain", accepted, "reports/s", "sent a second", GOAL)
        yield Figure("usage: drain beside reports", beside, "transitions/s", "the drain alone (goal: 0.7)", quietly)
