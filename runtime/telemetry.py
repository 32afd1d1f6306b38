"""Logs as one line of key=value or JSON each, and the counters that operators watch."""

import logging
import os
import re
import shutil
import signal
import smtplib
import sys
import tempfile
import threading
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from models.sqlstates import OWN_FAULTS, fault_of

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


QUIET_SECONDS = 60.0
"""How long the lines about an outage that say the same are counted instead of logged."""
MAX_KINDS_OF_OUTAGES = 200
_TOKEN = re.compile(r"dc_[a-z]+_[A-Za-z0-9_-]{20,}")


class _WithoutTokens(logging.Filter):
    """Strikes out bearer tokens: libraries log messages with all that is in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "dc_" in said:
            record.msg, record.args = _TOKEN.sub("dc_***", said), None
        return True


class OneLineAnOutage(logging.Filter):
    """Lets one line through of what a store that is away has every part of a process repeat, and no traceback of it.

    A line that says the same of the same kind of error is let through again after QUIET_SECONDS, with the number of
    those that were not.
    """

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        super().__init__()
        self._quiet_seconds = quiet_seconds
        self._lock = threading.Lock()
        self._said: dict[tuple[str, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = _error_of(record)
        if error is None or not is_outage(error):
            return True
        key = (record.name, str(record.msg)[:100], type(error).__name__)
        now = time.monotonic()
        with self._lock:
            said_at, unsaid = self._said.get(key, (-self._quiet_seconds, 0))
            if now - said_at < self._quiet_seconds:
                self._said[key] = (said_at, unsaid + 1)
                return False
            if len(self._said) >= MAX_KINDS_OF_OUTAGES:
                self._said.clear()
            self._said[key] = (now, 0)
        said = record.getMessage()
        if record.exc_info:
            said += f": {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        record.msg, record.args = said + (f" ({unsaid} more in between)" if unsaid else ""), None
        record.exc_info = record.exc_text = None
        return True


def is_outage(error: BaseException) -> bool:
    """Returns whether the error says that a store or a server is away, which its text explains without a traceback."""
    if isinstance(error, OSError | EOFError | smtplib.SMTPException | RedisError):
        return True
    fault = fault_of(error)
    return fault is not None and fault not in OWN_FAULTS


def _error_of(record: logging.LogRecord) -> BaseException | None:
    if record.exc_info and record.exc_info[1] is not None:
        return record.exc_info[1]
    given = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in given if isinstance(one, BaseException)), None)


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
    handler.addFilter(OneLineAnOutage())
    handler.addFilter(_WithoutTokens())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)
