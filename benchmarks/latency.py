"""The time from the commit that accepts a request to the commit that applies it, at a steady rate over HTTP.

Both are commit timestamps of Postgres, so measuring costs nothing. For a peer the time starts just after its job is
enqueued, which can only favour the peer.
"""

import asyncio
import json
import time
from collections.abc import Iterator

from sqlalchemy import text

from benchmarks.client import admin_token, post, send_at_rate
from benchmarks.figure import Figure, Scale, percentile
from benchmarks.processes import Running, api, until, workers
from benchmarks.references.peers import peer_latencies
from benchmarks.stage import Stage, stage

APPS, RATES = 5_000, (10, 50, 200)
PEERS_RATE = 50
PEERS = {
    "raw_actor": "Dramatiq, one message a transition, raw psycopg, from the message on",
    "pgqueuer": "pgqueuer, one job a transition, raw psycopg, from the job on",
}
PATH = "/v1/transition-requests"

_LATENCIES = text("""
    SELECT extract(epoch FROM pg_xact_commit_timestamp(t.xmin) - pg_xact_commit_timestamp(a.xmin)) * 1000
      FROM transition t JOIN audit_entry a ON a.target = t.request_id::text AND a.action = 'transition.request'
     WHERE t.at >= :since
""")


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the median and the 99th percentile at each rate, and the CPU of idle workers."""
    seconds = scale.of(20, 2)
    ours: dict[int, list[float]] = {}
    with stage(apps=APPS) as on, workers(on) as started, api(on) as (_, port):
        time.sleep(2)
        yield Figure("latency: idle workers", _idle(started, seconds) * 100, "% of a core", "goal: under", 1)
        token = admin_token(on)
        latencies_at(on, port, token, 20, 2)
        for rate in RATES:
            found, refused = latencies_at(on, port, token, rate, seconds)
            yield Figure(f"latency at {rate}/s, p50", percentile(found, 50), "ms", "goal: under", 5)
            yield Figure(f"latency at {rate}/s, p99", percentile(found, 99), "ms", "goal: under", 12)
            yield Figure(f"latency at {rate}/s, refused for overload", refused, "requests", "sent", rate * seconds)
            ours[rate] = found
    with stage(apps=APPS) as on:
        for peer, title in PEERS.items():
            theirs = peer_latencies(on, peer, a_second=PEERS_RATE, seconds=seconds)
            for percent in (50, 99):
                value, reference = percentile(ours[PEERS_RATE], percent), percentile(theirs, percent)
                yield Figure(f"latency at {PEERS_RATE}/s, p{percent} / {peer}", value, "ms", title, reference)


def latencies_at(
    on: Stage, port: int, token: str, rate: int, seconds: int, *, together: int = 1
) -> tuple[list[float], int]:
    """Sends `rate` requests per second, in lists of `together` if that is not 1.

    Returns the latencies (ms) of the applied requests, and how many calls were refused for overload. Needs APPS Apps in
    public beta, which take the requests in turn.
    """
    since = on.moment()
    start = int(on.number("SELECT count(*) FROM transition_request"))

    def wanted(number: int) -> dict[str, object]:
        turn, app = divmod(start + number, APPS)
        return {"app": f"app-{app + 1}", "trigger": ("suspend", "reinstate")[turn % 2], "reasons": [{"text": "bench"}]}

    def make(call: int) -> bytes:
        items = [wanted(call * together + one) for one in range(together)]
        return post(PATH, token, json.dumps(items if together > 1 else items[0]))

    answers = asyncio.run(send_at_rate(port, make, a_second=rate / together, seconds=seconds))
    unexpected = set(answers.statuses) - {"200", "202", "503", "cut"}
    assert not unexpected, f"answers by status: {dict(answers.statuses)}"
    until(on.is_drained, "the last outcome")
    with on.engine.connect() as connection:
        found = [float(one) for one in connection.scalars(_LATENCIES, {"since": since})]
    accepted = int(on.number("SELECT count(*) FROM transition_request")) - start
    assert answers.refused or len(found) == accepted, f"{accepted - len(found)} of {accepted} were not applied"
    return found, answers.refused


def _idle(started: Running, seconds: int) -> float:
    before = started.cpu_seconds()
    time.sleep(seconds)
    return (started.cpu_seconds() - before) / seconds
