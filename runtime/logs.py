"""Logs: each record is a line of JSON or text, without secrets; an outage is one line."""

import json
import logging
import smtplib
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from models.sqlstates import OWN_FAULTS, fault_of
from runtime.redaction import MAX_CHARACTERS, may_need_redaction, redact

ROWS: Final = "rows"
COLUMNS: Final = "columns"
"""The extras of a record that stands for many lines: a tuple of values for each line, and the names of the values.

The values are identifiers and numbers, which need no escaping and hold no secret. Lines that are logged together cost
a fraction of records of their own.
"""
QUIET_SECONDS = 60.0
"""How long the lines about an outage that say the same are counted instead of logged."""
MAX_KINDS_OF_OUTAGES = 200
_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}
MAX_LEVELS = 4
"""How deep into a value of a record secrets are looked for; what is deeper is logged as one text."""


def configure_logging(level: str, log_format: str = "auto") -> None:
    """Sends all logs of this process to standard error, as `json` or `text`; `auto` is text for a terminal only."""
    is_terminal = sys.stderr.isatty()
    is_json = log_format == "json" or (log_format == "auto" and not is_terminal)
    handler = logging.StreamHandler()
    handler.addFilter(OneLineAnOutage())
    handler.setFormatter(_LineFormatter(is_json=is_json, has_colors=is_terminal))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)


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


class _LineFormatter(logging.Formatter):
    """Renders a record with its extras and what is bound to its call or attempt; strikes secrets out of all of it."""

    def __init__(self, *, is_json: bool, has_colors: bool) -> None:
        super().__init__()
        self._is_json = is_json
        self._as_text = structlog.dev.ConsoleRenderer(colors=has_colors, sort_keys=False)

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record's line, or the lines of its rows."""
        rows = getattr(record, ROWS, None)
        return self._format_one(record) if rows is None else self._format_rows(record, rows)

    def _format_one(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {"event": record.getMessage()}
        event |= {name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD}
        event = structlog.contextvars.get_contextvars() | event | _heading(record)
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        if not self._is_json:
            return str(self._as_text(None, "", _without_secrets(event, MAX_LEVELS)))
        line = json.dumps(event, default=str)
        is_plain = len(line) <= MAX_CHARACTERS and not may_need_redaction(line)
        return line if is_plain else json.dumps(_without_secrets(event, MAX_LEVELS))

    def _format_rows(self, record: logging.LogRecord, rows: list[tuple[object, ...]]) -> str:
        shared = {"event": record.msg, "duration_ms": getattr(record, "duration_ms", None)} | _heading(record)
        columns: tuple[str, ...] = getattr(record, COLUMNS)
        if self._is_json:
            line = f"{json.dumps(shared)[:-1]}, " + ", ".join(f'"{name}": "%s"' for name in columns) + "}"
        else:
            line = " ".join(f"{name}={value}" for name, value in shared.items())
            line = f"{line} {' '.join(f'{name}=%s' for name in columns)}"
        return "\n".join([line % row for row in rows])


def is_outage(error: BaseException) -> bool:
    """Returns whether the error says that a store or a server is away, which its text explains without a traceback."""
    if isinstance(error, OSError | EOFError | smtplib.SMTPException | RedisError):
        return True
    fault = fault_of(error)
    return fault is not None and fault not in OWN_FAULTS


def _heading(record: logging.LogRecord) -> dict[str, str]:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return {
        "level": record.levelname.lower(),
        "logger": record.name,
        "timestamp": f"{at}.{int(record.msecs):03}Z",
    }


def _without_secrets(value: Any, levels: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and levels:
        return {redact(str(name)): _without_secrets(one, levels - 1) for name, one in value.items()}
    if isinstance(value, list | tuple) and levels:
        return [_without_secrets(one, levels - 1) for one in value]
    return redact(value if isinstance(value, str) else str(value))


def _error_of(record: logging.LogRecord) -> BaseException | None:
    if record.exc_info and record.exc_info[1] is not None:
        return record.exc_info[1]
    given = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in given if isinstance(one, BaseException)), None)
