"""What is logged, and what must never be."""

import io
import json
import logging
import re
import smtplib
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
import redis
from structlog.contextvars import bound_contextvars

from runtime.logs import OneLineAnOutage, configure_logging
from runtime.redaction import MAX_CHARACTERS
from workflow.outages import Outage

pytestmark = pytest.mark.usefixtures("logging_restored")


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Returns what reads the lines that were logged."""
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["json", "text", "auto"])
def test_no_secret_reaches_a_line_wherever_it_is_in_the_record(log_format: str, logged: Callable[[], str]) -> None:
    token, address, url = "dc_service_" + "x" * 43, "zq.bob@acme.example", "redis://:xxxpw@127.0.0.1:6379/0"
    configure_logging("INFO", log_format)
    log = logging.getLogger("dramatiq")
    log.warning("failed: %r", {"token": token, "to": [address], url: 1})
    log.warning(f"failed: {token} {address} {url}")  # noqa: G004 (libraries do)
    log.warning("failed", extra={"about": {"to": (address, token)}, "url": url, "error": LookupError(address)})
    try:
        raise LookupError(f"{token} {address} {url}")
    except LookupError:
        log.exception("failed")
    with bound_contextvars(url=url, to=address):
        log.warning("failed")
    said = logged()
    assert said.count("failed") == 5
    assert [secret for secret in ("xxx", "zq.bob") if secret in said] == []


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_line_is_longer_than_what_is_searched_for_secrets(log_format: str, logged: Callable[[], str]) -> None:
    configure_logging("INFO", log_format)
    logging.getLogger("one").warning("refused", extra={"answer": "no " * 500_000})
    assert len(logged()) < MAX_CHARACTERS + 1_000


def test_lines_are_json_unless_a_person_is_looking_and_a_setting_chooses(logged: Callable[[], str]) -> None:
    for log_format in ("auto", "json"):
        configure_logging("INFO", log_format)
        logging.getLogger("one").info("said %s", "so", extra={"number": 3, "none": None, "names": ["a"]})
        line = json.loads(logged())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
        expected = {"event": "said so", "level": "info", "logger": "one", "number": 3, "none": None, "names": ["a"]}
        assert line == expected
    configure_logging("INFO", "text")
    logging.getLogger("one").info("said", extra={"number": 3})
    said = logged()
    assert "said" in said
    assert "number=3" in said
    assert "{" not in said
    assert len(said.splitlines()) == 1


def test_rows_are_a_line_each(logged: Callable[[], str]) -> None:
    ids = [uuid4() for _ in range(3)]
    rows = {"columns": ("request_id", "outcome"), "rows": [(one, "applied") for one in ids], "duration_ms": 1.5}
    configure_logging("INFO", "json")
    logging.getLogger("one").info("transition", extra=rows)
    lines = [json.loads(line) for line in logged().splitlines()]
    assert [line["request_id"] for line in lines] == [str(one) for one in ids]
    assert {(line["event"], line["outcome"], line["duration_ms"], line["level"]) for line in lines} == {
        ("transition", "applied", 1.5, "info")
    }
    configure_logging("INFO", "text")
    logging.getLogger("one").info("transition", extra=rows)
    assert [f"request_id={one} outcome=applied" in line for one, line in zip(ids, logged().splitlines(), strict=True)]


def test_a_store_that_is_away_is_one_line_without_a_traceback_and_then_a_number() -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.addFilter(OneLineAnOutage())
    log = logging.getLogger("devcenter.tests.outage")
    log.addHandler(handler)
    errors = (
        psycopg.OperationalError("the server closed the connection\nand said why"),
        redis.exceptions.ConnectionError("refused"),
        smtplib.SMTPServerDisconnected("gone"),
        ConnectionRefusedError(111, "refused"),
    )
    for error in errors:
        for number in range(100):
            try:
                raise error
            except Exception as raised:
                log.exception("a part of the process could not do its work")
                log.warning("row %s failed: %r", number, raised)
    log.removeHandler(handler)
    assert "Traceback" not in heard.getvalue()
    assert len(heard.getvalue().splitlines()) == 2 * len(errors)


def test_a_defect_is_logged_each_time_with_its_traceback() -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.addFilter(OneLineAnOutage())
    log = logging.getLogger("devcenter.tests.defect")
    log.addHandler(handler)
    for _ in range(3):
        try:
            raise LookupError("a defect")
        except LookupError:
            log.exception("it broke")
    log.removeHandler(handler)
    assert heard.getvalue().count("Traceback") == 3


def test_an_outage_is_said_when_it_begins_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("the database", "a test")
    for _ in range(50):
        outage.failed(psycopg.OperationalError("away"))
    outage.works()
    outage.works()
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == [
        "the database fails for a test; trying again until it works: OperationalError: away",
        "the database works again for a test, after 50 failures",
    ]
