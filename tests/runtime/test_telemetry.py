"""What is logged, and what must never be."""

import io
import logging
import smtplib

import psycopg
import pytest
import redis

from runtime.telemetry import OneLineAnOutage, configure_logging
from workflow.outages import Outage


def test_a_token_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logging("INFO")
        logging.getLogger("dramatiq").warning("failed: %r", {"token": "dc_service_" + "x" * 43})
        logged = capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = before
    assert "failed" in logged
    assert "xxx" not in logged


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
