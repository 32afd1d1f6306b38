"""The times in mails are those of the recipient's zone."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState
from tests.factories import app_in
from tests.journeys import People
from workflow.notifications.delivery import letter_of
from workflow.notifications.times import IN_UTC, in_zone


@pytest.mark.parametrize(
    ("value", "zone", "said"),
    [
        ("2026-12-02 10:00 UTC", None, "2026-12-02 10:00 UTC"),
        ("2026-12-02 10:00 UTC", "Europe/Berlin", "2026-12-02 11:00 CET"),
        ("2026-07-02 10:00 UTC", "Europe/Berlin", "2026-07-02 12:00 CEST"),
        ("2026-12-02 20:00 UTC", "Asia/Kolkata", "2026-12-03 01:30 IST"),
        ("2026-12-02 10:00 UTC", "Nowhere/At_All", "2026-12-02 10:00 UTC"),
        ("2026-12-02 10:00 UTC", "../../etc/passwd", "2026-12-02 10:00 UTC"),
        ("2026-99-02 10:00 UTC", "Europe/Berlin", "2026-99-02 10:00 UTC"),
        ("0001-01-01 00:00 UTC", "America/New_York", "0001-01-01 00:00 UTC"),
        ("by 2026-12-02 10:00 UTC", "Europe/Berlin", "by 2026-12-02 10:00 UTC"),
        ({"due": "2026-12-02 10:00 UTC", "round": 1}, "Europe/Berlin", {"due": "2026-12-02 11:00 CET", "round": 1}),
        (None, "Europe/Berlin", None),
    ],
)
def test_a_time_is_said_in_a_zone(value: Any, zone: str | None, said: Any) -> None:
    assert in_zone(value, zone) == said


def test_each_recipient_reads_the_due_time_in_their_own_zone(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    mine = text("""
        SELECT n.id FROM notification n JOIN app a ON a.id = n.app_id WHERE a.slug = 'acme' AND n.status = 'due'
           AND n.recipient_id IS NOT NULL
    """)
    with Session(engine) as session:
        ids = list(session.scalars(mine))
        before = [letter_of(session, one, str) for one in ids]
        session.execute(text("UPDATE person SET time_zone = 'Asia/Kolkata'"))
        after = [letter_of(session, one, str) for one in ids]
    assert ids
    for utc, local in zip(before, after, strict=True):
        assert utc is not None
        assert local is not None
        assert utc.review is not None
        assert local.review is not None
        assert IN_UTC.fullmatch(utc.review["due"])
        assert local.review["due"] == in_zone(utc.review["due"], "Asia/Kolkata")
        assert local.review["due"].endswith(" IST")
