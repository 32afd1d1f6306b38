"""Logs as one line of key=value or JSON each, and the counters that operators watch."""

import logging
import sys

import structlog
from prometheus_client import Counter, Histogram

BELL_FAILURES = Counter("devcenter_bell_failures", "Bells that could not be rung; the sweep finds the work.", ["bell"])
UNCOUNTED = Counter("devcenter_requests_uncounted", "Requests let through unlimited: Redis did not count them.")
JUDGED = Counter("devcenter_requests_judged", "Transition requests judged, by outcome.", ["outcome"])
BATCH_SECONDS = Histogram("devcenter_batch_seconds", "Seconds that one batch of transition requests took.")
DELIVERED = Counter("devcenter_due_rows_worked", "Leased due rows worked on, by kind and outcome.", ["kind", "outcome"])


def configure_logging(level: str) -> None:
    """Sends all logs of this process to standard error, as JSON unless a person is looking."""
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
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)
