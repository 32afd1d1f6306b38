"""The counters that operators watch, and serving them."""

import os
import shutil
import signal
import threading

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from runtime.shared_metrics import SHARED_FOLDER

BELL_FAILURES = Counter("devcenter_bell_failures", "Bells that could not be rung; the sweep finds the work.", ["bell"])
UNCOUNTED = Counter("devcenter_requests_uncounted", "Requests let through unlimited: Redis did not count them.")
JUDGED = Counter("devcenter_requests_judged", "Transition requests judged, by outcome.", ["outcome"])
BATCH_SECONDS = Histogram("devcenter_batch_seconds", "Seconds that one batch of transition requests took.")
WORKED = Counter("devcenter_due_rows_worked", "Leased due rows worked on, by kind and outcome.", ["kind", "outcome"])
REJECTED = Counter("devcenter_messages_rejected", "Messages from queues that were not accepted, each time one came.")
DROPPED = Counter("devcenter_rejected_messages_dropped", "Rejected messages dropped unseen, because newer ones came.")
IN_HAND = Gauge(
    "devcenter_due_rows_in_hand",
    "Leased due rows that have a place on this worker's threads, by kind.",
    ["kind"],
    multiprocess_mode="livesum",
)


def show_metrics(host: str, port: int) -> None:
    """Shows this process's metrics from a thread. Raises OSError when the port is busy."""
    start_http_server(port, host)


def show_shared_metrics(host: str, port: int) -> None:
    """Shows the metrics of all processes that count together, until SIGTERM; then takes their folder away."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    server, _thread = start_http_server(port, host, registry)
    stopped.wait()
    server.shutdown()
    shutil.rmtree(os.environ[SHARED_FOLDER], ignore_errors=True)
