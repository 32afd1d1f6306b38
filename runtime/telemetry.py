"""Logs as one line of key=value or JSON each, and the counters that operators watch."""

import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import threading

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

BELL_FAILURES = Counter("devcenter_bell_failures", "Bells that could not be rung; the sweep finds the work.", ["bell"])
UNCOUNTED = Counter("devcenter_requests_uncounted", "Requests let through unlimited: Redis did not count them.")
JUDGED = Counter("devcenter_requests_judged", "Transition requests judged, by outcome.", ["outcome"])
BATCH_SECONDS = Histogram("devcenter_batch_seconds", "Seconds that one batch of transition requests took.")
WORKED = Counter("devcenter_due_rows_worked", "Leased due rows worked on, by kind and outcome.", ["kind", "outcome"])
IN_HAND = Gauge(
    "devcenter_due_rows_in_hand",
    "Leased due rows that have a place on this worker's threads, by kind.",
    ["kind"],
    multiprocess_mode="livesum",
)
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where processes that are counted together keep their counts; it must be set before this module is imported."""


def shared_metrics_folder() -> dict[str, str]:
    """Makes the folder in which the processes of one worker count together; returns the environment that names it."""
    return {SHARED_FOLDER: tempfile.mkdtemp(prefix="devcenter-metrics-")}


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


_TOKEN = re.compile(r"dc_[a-z]+_[A-Za-z0-9_-]{20,}")


class _WithoutTokens(logging.Filter):
    """Strikes out bearer tokens: libraries log messages with all that is in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "dc_" in said:
            record.msg, record.args = _TOKEN.sub("dc_***", said), None
        return True


def configure_logging(level: str) -> None:
    """Sends all logs of this process to standard error, as JSON unless a person is looking. Tokens are struck out."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler()
    handler.addFilter(_WithoutTokens())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)
