"""Handing out rows: lanes take turns, urgent rows come first, and no lane exceeds its bound."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.due import NO_LANE, Urgency
from tests.journeys import now_of
from workflow.sql.pipeline import direct_connection, implicit_transaction
from workflow.work.handing_out import (
    MAX_LANES_WALKED,
    Cursor,
    HandedOut,
    WalkEnd,
    find_walk_ends,
    hand_out,
    next_cursor,
)
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.lanes import (
    FIRST_REST,
    FORGOTTEN_AFTER,
    LANE_DIES_AFTER,
    MAX_REST,
    bury_dead_lanes,
    note_lane_failed,
)
from workflow.work.leases import MAX_ATTEMPTS, RETRY_AFTER, Lease, finish_due_row, give_back, replay_due_rows

KIND = DueKind.NOTIFICATION
BOUND = LEASED_KINDS[KIND].lane_bound
LEASE = LEASED_KINDS[KIND].lease


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as made:
        yield made


@pytest.fixture
def now(session: Session) -> datetime:
    return now_of(session)


def _put(session: Session, lane: str, many: int, now: datetime, *, urgency: Urgency = Urgency.BULK) -> None:
    """Adds `many` rows of `lane`, due a microsecond apart, the last of them now."""
    session.execute(
        text("""
            INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, urgency)
            SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example',
                   CAST(:now AS timestamptz) - (:many - n) * interval '1 microsecond', :lane, :urgency
              FROM generate_series(1, :many) n
        """),
        {"lane": lane, "many": many, "now": now, "urgency": urgency.value},
    )


def _next(session: Session, cursor: Cursor, handed: HandedOut) -> tuple[Cursor, bool]:
    return next_cursor(cursor, handed, find_walk_ends(session, KIND, cursor))


def _lanes(handed: HandedOut) -> Counter[str]:
    return Counter(lease.lane for lease in handed.leases)


def _replay(session: Session, *, lane: str | None, error: str | None, limit: int) -> int:
    return len(replay_due_rows(session, KIND, lane=lane, error=error, after=None, limit=limit))


def test_each_lane_has_its_turn_whatever_waits_in_another(session: Session, now: datetime) -> None:
    _put(session, "a.example", 1000, now)
    for number in range(6):
        _put(session, f"b{number}.example", 2, now)
    lanes = [f"b{number}.example" for number in range(6)]
    first = hand_out(session, KIND, room=4, proven=["a.example", *lanes], now=now)
    assert _lanes(first) == {"a.example": 4}
    cursor, _ = _next(session, Cursor(), first)
    second = hand_out(session, KIND, room=8, cursor=cursor, proven=["a.example", *lanes], now=now)
    assert _lanes(second) == dict.fromkeys(lanes[:4], 2)
    cursor, _ = _next(session, cursor, second)
    third = hand_out(session, KIND, room=8, cursor=cursor, proven=["a.example", *lanes], now=now)
    assert _lanes(third) == {"b4.example": 2, "b5.example": 2, "a.example": 4}


def test_a_new_lane_has_one_row_in_flight_until_it_answers_and_then_its_bound(session: Session, now: datetime) -> None:
    _put(session, "a.example", 50, now)
    first = hand_out(session, KIND, room=20, now=now)
    assert len(first.leases) == 1
    assert hand_out(session, KIND, room=20, now=now).leases == ()
    assert len(hand_out(session, KIND, room=20, proven=["a.example"], now=now).leases) == BOUND - 1
    assert hand_out(session, KIND, room=20, proven=["a.example"], now=now).leases == ()
    assert finish_due_row(session, first.leases[0])
    assert len(hand_out(session, KIND, room=20, proven=["a.example"], now=now).leases) == 1


def test_rows_without_a_lane_have_no_bound(session: Session, now: datetime) -> None:
    _put(session, NO_LANE, 30, now)
    assert len(hand_out(session, KIND, room=20, now=now).leases) == 20


def test_urgent_rows_go_first_and_have_reserved_places(session: Session, now: datetime) -> None:
    _put(session, "a.example", 30, now - timedelta(hours=1))
    _put(session, NO_LANE, 30, now - timedelta(hours=1))
    _put(session, "a.example", 1, now, urgency=Urgency.URGENT)
    _put(session, "z.example", 1, now, urgency=Urgency.URGENT)
    handed = hand_out(session, KIND, room=10, bulk_room=8, now=now)
    assert [lease.lane for lease in handed.leases[:2]] == ["a.example", "z.example"]
    assert len(handed.leases) == 10
    assert _lanes(handed)["a.example"] == 1
    assert len(hand_out(session, KIND, room=10, bulk_room=3, now=now).leases) == 3
    assert hand_out(session, KIND, room=2, bulk_room=0, now=now).leases == ()


def test_rows_are_leased_in_the_order_of_their_due_times_and_not_earlier(session: Session, now: datetime) -> None:
    later = now + timedelta(seconds=1)
    _put(session, NO_LANE, 1, later)
    _put(session, NO_LANE, 5, now)
    ids = session.scalars(text("SELECT id FROM notification ORDER BY due_at")).all()
    assert [lease.id for lease in hand_out(session, KIND, room=3, now=now).leases] == ids[:3]
    assert [lease.id for lease in hand_out(session, KIND, room=9, now=now).leases] == ids[3:5]
    assert [lease.id for lease in hand_out(session, KIND, room=9, now=later).leases] == ids[5:]


def test_resting_lanes_do_not_hide_other_rows(session: Session, now: datetime) -> None:
    session.execute(
        text("""
            INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane)
            SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', CAST(:later AS timestamptz),
                   'rests' || lpad(n::text, 5, '0')
              FROM generate_series(1, :many) n
        """),
        {"later": now + timedelta(hours=1), "many": 2 * MAX_LANES_WALKED + 10},
    )
    _put(session, "z.example", 1, now)
    cursor, looks = Cursor(), 0
    while True:
        handed = hand_out(session, KIND, room=5, cursor=cursor, now=now)
        looks += 1
        if handed.leases:
            break
        cursor, lanes_left = _next(session, cursor, handed)
        assert lanes_left
    assert looks == 3


@given(
    cursor=st.builds(Cursor, st.sampled_from("abc"), st.sampled_from("abc")),
    cut=st.tuples(st.booleans(), st.booleans()),
    stopped=st.tuples(st.booleans(), st.booleans()),
    lanes=st.tuples(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd"))),
)
def test_the_next_look_begins_behind_what_was_reached_and_anew_only_when_all_was(
    cursor: Cursor, cut: tuple[bool, bool], stopped: tuple[bool, bool], lanes: tuple[set[str], set[str]]
) -> None:
    found = HandedOut((), *({u: frozenset(lanes[u]) for u in Urgency}, {u: cut[u] for u in Urgency}))
    after, left = next_cursor(cursor, found, {u: WalkEnd("z", stopped[u]) for u in Urgency})
    assert left is any(cut[u] or stopped[u] for u in Urgency)
    for urgency, before, now_after in (
        (Urgency.URGENT, cursor.urgent, after.urgent),
        (Urgency.BULK, cursor.bulk, after.bulk),
    ):
        if not left:
            assert now_after == ""
        elif not cut[urgency]:
            assert now_after == "z"
        else:
            assert now_after == before if not lanes[urgency] else now_after in lanes[urgency]


def test_many_resting_lanes_of_both_urgencies_are_walked_once_and_then_left_in_peace(
    session: Session, now: datetime
) -> None:
    for urgency in Urgency:
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, urgency)
                SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', CAST(:later AS timestamptz),
                       'rests' || lpad(n::text, 5, '0'), :urgency
                  FROM generate_series(1, :many) n
            """),
            {
                "later": now + timedelta(hours=1),
                "many": (1 + urgency.value) * MAX_LANES_WALKED + 100,
                "urgency": urgency.value,
            },
        )
    cursor, left, looks = Cursor(), True, 0
    while left:
        cursor, left = _next(session, cursor, hand_out(session, KIND, room=5, cursor=cursor, now=now))
        looks += 1
    assert looks == 3


def test_an_urgent_lane_behind_resting_ones_is_reached_while_news_fill_every_look(
    session: Session, now: datetime
) -> None:
    session.execute(
        text("""
            INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, urgency)
            SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', CAST(:later AS timestamptz),
                   'rests' || lpad(n::text, 5, '0'), 0
              FROM generate_series(1, :many) n
        """),
        {"later": now + timedelta(hours=1), "many": MAX_LANES_WALKED + 10},
    )
    _put(session, "z.example", 1, now, urgency=Urgency.URGENT)
    _put(session, NO_LANE, 1000, now)
    cursor, seen = Cursor(), Counter[str]()
    for _ in range(3):
        handed = hand_out(session, KIND, room=5, bulk_room=3, cursor=cursor, now=now)
        seen += _lanes(handed)
        cursor, _ = _next(session, cursor, handed)
    assert seen["z.example"] == 1


def test_two_processes_at_once_never_exceed_a_bound_nor_share_a_row(engine: Engine, now: datetime) -> None:
    with Session(engine) as session, session.begin():
        for lane in ("a.example", "b.example", "c.example"):
            _put(session, lane, 200, now)

    def look(_number: int) -> list[UUID]:
        with direct_connection(engine) as connection, implicit_transaction(connection) as session:
            handed = hand_out(session, KIND, room=7, proven=["a.example", "b.example", "c.example"])
            return [lease.id for lease in handed.leases]

    with ThreadPoolExecutor(8) as pool:
        ids = [one for found in pool.map(look, range(24)) for one in found]
    assert len(ids) == len(set(ids)) == 3 * BOUND
    with Session(engine) as session:
        held = session.execute(
            text("SELECT lane, count(*) AS many FROM notification WHERE leased_until IS NOT NULL GROUP BY lane")
        )
        assert {row.lane: row.many for row in held} == {"a.example": BOUND, "b.example": BOUND, "c.example": BOUND}


def test_a_row_whose_process_died_rests_as_after_a_failure_and_ends_dead_after_its_last_attempt(
    session: Session, now: datetime
) -> None:
    _put(session, "a.example", 1, now)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert len(hand_out(session, KIND, room=1, now=now).leases) == 1
        now += LEASE
        assert hand_out(session, KIND, room=1, now=now).leases == ()
        row = session.execute(text("SELECT status, attempts, due_at, last_error, leased_until FROM notification")).one()
        assert row.attempts == attempt
        assert row.leased_until is None
        assert row.last_error.endswith(f"its process died during attempt {attempt}")
        if attempt < MAX_ATTEMPTS:
            assert (row.status, row.due_at) == ("due", now + RETRY_AFTER[attempt - 1])
            now = row.due_at
    assert row.status == "dead"


def test_a_row_that_nobody_began_is_returned_with_its_attempt(session: Session, now: datetime) -> None:
    _put(session, "a.example", 1, now)
    leases = hand_out(session, KIND, room=1, now=now).leases
    give_back(session, KIND, leases)
    again = hand_out(session, KIND, room=1, now=now).leases
    assert [lease.id for lease in again] == [lease.id for lease in leases]
    assert session.scalar(text("SELECT attempts FROM notification")) == 1
    finish_due_row(session, again[0])
    give_back(session, KIND, again)
    assert session.scalar(text("SELECT status FROM notification")) == "done"


def _fails(session: Session, lease: Lease, now: datetime) -> None:
    note_lane_failed(session, lease, "the server does not answer", now)
    session.execute(text("UPDATE notification SET leased_until = NULL"))


def test_a_failing_lane_rests_longer_each_time_and_is_retried_with_one_row(session: Session, now: datetime) -> None:
    _put(session, "a.example", 30, now)
    rests: list[timedelta] = []
    for _ in range(6):
        (lease,) = hand_out(session, KIND, room=9, proven=() if not rests else ["a.example"], now=now).leases
        assert lease.lane_is_failing is bool(rests)
        _fails(session, lease, now)
        rests.append(session.execute(text("SELECT rests_until FROM failing_lane")).scalar_one() - now)
        assert hand_out(session, KIND, room=9, now=now + rests[-1] - timedelta(microseconds=1)).leases == ()
        now += rests[-1]
    assert rests == [min(FIRST_REST * 2**number, MAX_REST) for number in range(6)]


def test_all_rows_of_a_lane_that_fails_for_hours_die_together_and_are_replayed_together(
    session: Session, now: datetime
) -> None:
    _put(session, "a.example", 30, now)
    _put(session, "b.example", 3, now)
    lease = Lease(KIND, UUID(int=0), now, "a.example")
    for _ in range(6):
        note_lane_failed(session, lease, "no answer", now)
    assert bury_dead_lanes(session, now) == 0
    for _ in range(1 + int(LANE_DIES_AFTER / MAX_REST)):
        now += MAX_REST
        note_lane_failed(session, lease, "no answer", now)
    assert {one.lane for one in hand_out(session, KIND, room=50, now=now + MAX_REST).leases} == {"b.example"}
    assert bury_dead_lanes(session, now, limit=20) == 20
    assert bury_dead_lanes(session, now, limit=20) == 10
    errors = session.scalars(text("SELECT DISTINCT last_error FROM notification WHERE status = 'dead'")).all()
    assert len(errors) == 1
    assert "its lane a.example has failed" in errors[0]
    assert session.scalar(text("SELECT count(*) FROM failing_lane")) == 0
    _put(session, "a.example", 1, now)
    assert "a.example" in {one.lane for one in hand_out(session, KIND, room=50, now=now).leases}
    assert _replay(session, lane="b.example", error=None, limit=50) == 0
    assert _replay(session, lane="a.example", error=None, limit=20) == 20
    assert _replay(session, lane=None, error="its lane a.example has failed", limit=20) == 10


def _rows_read(session: Session) -> int:
    """Returns how many rows of the table `notification` this transaction has read."""
    read = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'notification'")
    return int(session.execute(read).scalar_one())


@pytest.mark.parametrize("waiting", [1, 10])
def test_leasing_reads_no_more_rows_beside_a_hundred_thousand_rows_of_full_lanes(
    session: Session, now: datetime, waiting: int
) -> None:
    lanes = [f"lane{number:03}.example" for number in range(200)]
    full = [f"full{number}.example" for number in range(waiting)]
    for lane in lanes:
        _put(session, lane, 2, now)
    for lane in full:
        _put(session, lane, 100_000 // waiting, now)
    session.commit()
    session.execute(text("ANALYZE notification"))
    for _ in range(2):
        hand_out(session, KIND, room=100, proven=full, cursor=Cursor(bulk="a"), now=now)
    before = _rows_read(session)
    assert len(hand_out(session, KIND, room=16, cursor=Cursor(bulk="e"), proven=lanes, now=now).leases) == 16
    assert _rows_read(session) - before < 1000


def test_failures_that_are_far_apart_give_up_no_lane_and_are_forgotten(session: Session, now: datetime) -> None:
    lease = Lease(KIND, UUID(int=0), now, "a.example")
    for _ in range(10):
        note_lane_failed(session, lease, "no answer", now)
        now += FORGOTTEN_AFTER + MAX_REST + timedelta(seconds=1)
    row = session.execute(text("SELECT failures, died_at FROM failing_lane")).one()
    assert (row.failures, row.died_at) == (1, None)
    assert bury_dead_lanes(session, now + FORGOTTEN_AFTER) == 0
    assert session.scalar(text("SELECT count(*) FROM failing_lane")) == 0


def test_what_is_replayed_into_a_lane_that_was_given_up_is_tried(session: Session, now: datetime) -> None:
    _put(session, "a.example", 20, now)
    session.execute(
        text("""
            INSERT INTO failing_lane (table_name, lane, failures, failing_since, rests_until, last_error, died_at)
            VALUES ('notification', 'a.example', 9, now(), now(), 'no answer', CAST(:now AS timestamptz))
        """),
        {"now": now},
    )
    assert bury_dead_lanes(session, now, limit=10) == 10
    assert _replay(session, lane="a.example", error=None, limit=50) == 10
    assert bury_dead_lanes(session, now) == 0
    assert len(hand_out(session, KIND, room=50, now=now + timedelta(seconds=1)).leases) == 1


def test_a_row_that_came_due_after_its_lane_was_given_up_is_tried_anew(session: Session, now: datetime) -> None:
    _put(session, "a.example", 3, now)
    session.execute(
        text("""
            INSERT INTO failing_lane (table_name, lane, failures, failing_since, rests_until, last_error, died_at)
            VALUES ('notification', 'a.example', 9, now(), now(), 'no answer', CAST(:now AS timestamptz))
        """),
        {"now": now},
    )
    later = now + timedelta(minutes=1)
    _put(session, "a.example", 1, later)
    assert hand_out(session, KIND, room=50, now=later).leases == ()
    assert bury_dead_lanes(session, later) == 3
    assert len(hand_out(session, KIND, room=50, now=later).leases) == 1
