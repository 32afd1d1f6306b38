"""What is logged, and what must never be."""

import logging

import pytest

from runtime.telemetry import configure_logging


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
