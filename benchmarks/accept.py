"""How fast one API process accepts transition requests: one by one over 16 connections, and in lists of 100."""

import asyncio
import json
from collections.abc import Iterator
from statistics import median

from benchmarks.client import Answers, post, send_as_fast_as_answered, service_token
from benchmarks.figure import Figure, Scale, in_turn, percentile
from benchmarks.processes import api
from benchmarks.stage import stage

CONNECTIONS, BULK = 16, 100
PATH = "/v1/transition-requests"


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns requests accepted per second, singly and in bulk. The references are goals: no peer has such an API."""
    apps, singles, lists = 1_000, scale.of(6_000, 1_500), scale.of(300, 60)
    slowest: list[float] = []
    cpu: list[float] = []
    with stage(apps=apps) as on, api(on) as (process, port):
        token = service_token(on)
        rounds = iter(range(1_000_000))

        def send(requests: list[bytes]) -> Answers:
            answers = asyncio.run(send_as_fast_as_answered(port, requests, connections=CONNECTIONS))
            assert not answers.refused, f"{answers.refused} of {len(requests)} calls were refused"
            return answers

        def singly() -> float:
            number = next(rounds)
            before = process.cpu_seconds()
            answers = send(
                [
                    post(PATH, token, json.dumps(_wanted(one % apps)), Idempotency_Key=f"{number}-{one}")
                    for one in range(singles)
                ]
            )
            cpu.append((process.cpu_seconds() - before) / singles * 1e6)
            slowest.append(percentile(answers.seconds, 99) * 1e3)
            return answers.a_second

        def in_bulk() -> float:
            number = next(rounds)
            bodies = [
                [_wanted(one % apps) | {"idempotency_key": f"{number}-{part}-{one}"} for one in range(BULK)]
                for part in range(lists)
            ]
            return send([post(PATH, token, json.dumps(body)) for body in bodies]).a_second * BULK

        send([post(PATH, token, json.dumps(_wanted(one))) for one in range(200)])
        rates = in_turn({"singly": singly, "in bulk": in_bulk}, scale.rounds)
    yield Figure("accept: singly", rates["singly"], "requests/s", "goal: at least", 1_000)
    yield Figure("accept: singly, p99", median(slowest), "ms", "goal: at most", 100)
    yield Figure("accept: singly, API CPU", median(cpu), "us/request", "one core at 1,000 a second", 1_000)
    yield Figure("accept: lists of 100", rates["in bulk"], "requests/s", "goal: at least", 6_000)


def _wanted(app: int) -> dict[str, str]:
    return {"app": f"app-{app + 1}", "trigger": "promote"}
