"""Every statement that writes a mail says its lane and its urgency: without them it would hang with all such mails."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "cli", "console", "models", "web", "workers", "workflow")
INSERT = re.compile(r"INSERT INTO notification\s*\(([^)]*)\)")

STATEMENTS = [
    pytest.param(set(columns.replace(",", " ").split()), id=f"{file.relative_to(ROOT)}-{number}")
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    for number, columns in enumerate(INSERT.findall(file.read_text()))
]


@pytest.mark.parametrize("columns", STATEMENTS)
def test_a_statement_that_writes_mails_names_their_lane_and_urgency(columns: set[str]) -> None:
    assert columns >= {"lane", "urgency"}
