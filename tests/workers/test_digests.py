"""The daily overview for those who review: once, in their morning, on business days, and only of what there is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, Role
from tests.factories import app_in
from tests.journeys import People, now_of, staff_member, writer_of
from tests.workers.leased import deliver
from workers.context import WorkerContext
from workers.jobs import JOBS
from workflow.identity.actors import Actor
from workflow.notifications.digests import send_digests
from workflow.notifications.news import switch_news
from workflow.reviewing.desk import claim_review

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2025, 6, 3, 8, 30, tzinfo=BERLIN)


def _send(engine: Engine, at: datetime, *, limit: int = 200) -> list[tuple[Any, ...]]:
    """Runs the job at a moment, and returns who has a row, for which day, and its status."""
    with Session(engine) as session, session.begin():
        send_digests(session, writer_of(session).policies.current, at.astimezone(UTC), limit=limit)
        rows = session.execute(
            text("""
                SELECT p.name, n.cause, n.status FROM notification n JOIN person p ON p.id = n.recipient_id
                 WHERE n.cause LIKE 'digest:%' ORDER BY n.cause, p.name
            """)
        )
        return [tuple(row) for row in rows]


def _set(engine: Engine, actor: Actor, **values: object) -> None:
    with Session(engine) as session, session.begin():
        for column, value in values.items():
            session.execute(
                text(f"UPDATE person SET {column} = :value WHERE id = :id"), {"value": value, "id": actor.id}
            )


def _claim(engine: Engine, slug: str, actor: Actor) -> None:
    with Session(engine) as session, session.begin():
        wanted = text("SELECT r.id FROM review r JOIN app a ON a.id = r.app_id WHERE a.slug = :slug")
        claim_review(session, session.execute(wanted, {"slug": slug}).scalar_one(), actor, now_of(session))


def _mornings_of(engine: Engine, people: People) -> str:
    """Has the reviewer read times in Berlin and everybody else switch the overview off. Returns the reviewer's name."""
    _set(engine, people.reviewer, time_zone="Europe/Berlin")
    _set(engine, people.admin, news_off=["reviewer_digest"])
    with engine.connect() as connection:
        return str(connection.scalar(text("SELECT name FROM person WHERE id = :id"), {"id": people.reviewer.id}))


def test_it_is_sent_once_in_the_morning_of_a_business_day_by_the_readers_clock(engine: Engine, people: People) -> None:
    name = _mornings_of(engine, people)
    app_in(engine, people, "acme", AppState.SUBMITTED)
    for early in (timedelta(minutes=-31), timedelta(hours=3, minutes=31), timedelta(days=-2), timedelta(days=-3)):
        assert _send(engine, TUESDAY + early) == []
    assert _send(engine, TUESDAY) == [(name, "digest:2025-06-03", "due")]
    assert _send(engine, TUESDAY + timedelta(hours=2)) == [(name, "digest:2025-06-03", "due")]
    _set(engine, people.reviewer, time_zone="America/New_York")
    assert len(_send(engine, TUESDAY + timedelta(hours=6))) == 1
    assert len(_send(engine, TUESDAY + timedelta(days=1))) == 1
    assert len(_send(engine, TUESDAY + timedelta(days=1, hours=6))) == 2


def test_a_zone_that_is_no_longer_known_is_read_as_none_and_keeps_it_from_nobody(
    engine: Engine, people: People
) -> None:
    name = _mornings_of(engine, people)
    lost = staff_member(engine, "Lost")
    app_in(engine, people, "acme", AppState.SUBMITTED)
    _set(engine, lost, time_zone="Mars/Base")
    assert _send(engine, TUESDAY) == [(name, "digest:2025-06-03", "due")]
    by_the_calendar = datetime(2025, 6, 3, 8, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert ("Lost", "digest:2025-06-03", "due") in _send(engine, by_the_calendar)


def test_it_is_not_sent_if_nothing_waits_in_the_morning_whatever_comes_later(engine: Engine, people: People) -> None:
    name = _mornings_of(engine, people)
    assert _send(engine, TUESDAY) == [(name, "digest:2025-06-03", "void")]
    app_in(engine, people, "acme", AppState.SUBMITTED)
    assert _send(engine, TUESDAY + timedelta(hours=1)) == [(name, "digest:2025-06-03", "void")]


def test_who_is_away_or_has_switched_it_off_has_no_row_and_an_admin_is_told_of_their_own_only(
    engine: Engine, people: People
) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    for actor in (people.reviewer, people.admin):
        _set(engine, actor, time_zone="Europe/Berlin")
    away = staff_member(engine, "Away")
    _set(engine, away, time_zone="Europe/Berlin", away_until=TUESDAY + timedelta(days=1))
    off = staff_member(engine, "Off")
    _set(engine, off, time_zone="Europe/Berlin")
    with Session(engine) as session, session.begin():
        assert switch_news(session, off, {"reviewer_digest": False}) == {"reviewer_digest": False}
    rows = _send(engine, TUESDAY)
    assert sorted(status for _, _, status in rows) == ["due", "void"]
    assert not {"Away", "Off"} & {name for name, _, _ in rows}
    holder = staff_member(engine, "Holder", Role.ADMIN)
    _set(engine, holder, time_zone="Europe/Berlin")
    _claim(engine, "acme", holder)
    assert ("Holder", "digest:2025-06-03", "due") in _send(engine, TUESDAY)


def test_those_of_many_are_written_in_steps_and_two_jobs_at_once_write_one_each(engine: Engine, people: People) -> None:
    _mornings_of(engine, people)
    for number in range(4):
        _set(engine, staff_member(engine, f"R{number}"), time_zone="Europe/Berlin")
    assert [len(_send(engine, TUESDAY, limit=2)) for _ in range(4)] == [2, 4, 5, 5]
    with Session(engine) as first, Session(engine) as second:
        at = (TUESDAY + timedelta(days=1)).astimezone(UTC)
        policy = writer_of(first).policies.current
        assert send_digests(first, policy, at, limit=3) == 3
        first.commit()
        assert send_digests(second, policy, at, limit=200) == 2
        second.commit()
    assert JOBS["send_digests"].in_steps


def test_where_no_reviewer_is_here_the_admins_are_told_of_all_that_waits(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    _set(engine, people.admin, time_zone="Europe/Berlin")
    _set(engine, people.reviewer, away_until=TUESDAY + timedelta(days=1))
    assert [status for _, _, status in _send(engine, TUESDAY)] == ["due"]


def test_the_mail_says_what_is_theirs_what_waits_and_how_to_switch_it_off(
    context: WorkerContext, people: People
) -> None:
    engine = context.engine
    _mornings_of(engine, people)
    for slug in ("mine", "next", "other"):
        app_in(engine, people, slug, AppState.SUBMITTED)
    _claim(engine, "mine", people.reviewer)
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE notification SET status = 'void' WHERE status = 'due'"))
    _send(engine, TUESDAY)
    (letter,) = deliver(context)
    assert letter["Subject"] == "Reviews today: 1 of yours, 2 waiting"
    said = " ".join(letter.get_content().split())
    assert 'to review on Tuesday, 3 June 2025. You hold 1 review: - "Mine", round 1: due ' in said
    assert '2 reviews wait for somebody; the first: - "Next", round 1: due ' in said
    assert "Open the queue" in said
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "CEST" in said or "CET" in said
