"""Leases: a row has one lease at a time, attempts are counted before the work, and the last attempt is final."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from models import JobTick
from models.base import new_id
from tests.databases import TestDatabase
from tests.journeys import now_of
from workflow.errors import NotFound
from workflow.work.bells import Bell
from workflow.work.handing_out import hand_out
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import (
    MAX_ATTEMPTS,
    RETRY_AFTER,
    Lease,
    bells_of_due_work,
    fail_due_row,
    finish_due_row,
    replay_due_row,
)

KIND = DueKind.JOB_TICK
LEASE = LEASED_KINDS[KIND].lease


@pytest.fixture
def session(database: TestDatabase) -> Iterator[Session]:
    engine = create_engine(database.application_url)
    with Session(engine) as made:
        yield made
    engine.dispose()


@pytest.fixture
def now(session: Session) -> datetime:
    return now_of(session)


def _row(session: Session, now: datetime, **columns: Any) -> UUID:
    row = JobTick(id=new_id(), job=f"a job {new_id()}", tick_at=now, **{"due_at": now, **columns})
    session.add(row)
    session.flush()
    return row.id


def _lease(session: Session, now: datetime, limit: int = 10) -> list[UUID]:
    return [lease.id for lease in hand_out(session, KIND, room=limit, now=now).leases]


def _lease_one(session: Session, now: datetime) -> Lease:
    (lease,) = hand_out(session, KIND, room=1, now=now).leases
    return lease


def _read(session: Session, row_id: UUID) -> Any:
    statement = text("SELECT status, attempts, leased_until, due_at, last_error FROM job_tick WHERE id = :id")
    return session.execute(statement, {"id": row_id}).one()


def test_a_lease_counts_the_attempt_and_a_row_that_outlives_it_rests_as_after_a_failure(
    session: Session, now: datetime
) -> None:
    row_id = _row(session, now)
    assert _lease(session, now) == [row_id]
    assert _read(session, row_id)[:3] == ("due", 1, now + LEASE)
    assert _lease(session, now + LEASE - timedelta(microseconds=1)) == []
    assert _lease(session, now + LEASE) == []
    assert _read(session, row_id)[2:4] == (None, now + LEASE + RETRY_AFTER[0])
    assert _lease(session, now + LEASE + RETRY_AFTER[0]) == [row_id]


def test_rows_are_leased_in_the_order_of_their_due_times_and_not_earlier(session: Session, now: datetime) -> None:
    second = _row(session, now)
    first = _row(session, now, due_at=now - timedelta(seconds=1))
    later = _row(session, now, due_at=now + timedelta(seconds=1))
    assert _lease(session, now, limit=1) == [first]
    assert _lease(session, now) == [second]
    assert _lease(session, now + timedelta(seconds=1)) == [later]


@pytest.mark.parametrize("waited", [LEASE, LEASE + timedelta(seconds=1)])
def test_a_row_whose_last_attempt_ended_with_its_process_is_dead_and_leased_to_nobody(
    session: Session, now: datetime, waited: timedelta
) -> None:
    row_id = _row(session, now, attempts=MAX_ATTEMPTS - 1, last_error="it broke")
    assert _lease(session, now) == [row_id]
    assert _lease(session, now + waited) == []
    row = _read(session, row_id)
    assert (row.status, row.attempts, row.leased_until) == ("dead", MAX_ATTEMPTS, None)
    assert row.last_error == f"it broke; its process died during attempt {MAX_ATTEMPTS}"


def test_a_row_without_attempts_left_and_without_a_lease_is_dead_and_leased_to_nobody(
    session: Session, now: datetime
) -> None:
    row_id = _row(session, now, attempts=MAX_ATTEMPTS)
    assert _lease(session, now) == []
    assert _read(session, row_id).status == "dead"


def test_a_row_in_its_last_attempt_is_left_alone_while_its_lease_holds(session: Session, now: datetime) -> None:
    row_id = _row(session, now, attempts=MAX_ATTEMPTS, leased_until=now + LEASE)
    assert _lease(session, now) == []
    assert _read(session, row_id).status == "due"


def test_a_row_rests_longer_after_each_failed_attempt_and_is_dead_after_the_last(
    session: Session, now: datetime
) -> None:
    row_id = _row(session, now)
    for attempt, rest in enumerate(RETRY_AFTER, start=1):
        fail_due_row(session, _lease_one(session, now), f"error {attempt}", now)
        row = _read(session, row_id)
        assert (row.status, row.attempts, row.leased_until) == ("due", attempt, None)
        assert (row.due_at, row.last_error) == (now + rest, f"error {attempt}")
        now += rest
    fail_due_row(session, _lease_one(session, now), "the last", now)
    assert _read(session, row_id).status == "dead"


def test_work_that_became_void_meanwhile_ends_neither_done_nor_failed(session: Session, now: datetime) -> None:
    _row(session, now)
    lease = _lease_one(session, now)
    session.execute(text("UPDATE job_tick SET status = 'void'"))
    assert finish_due_row(session, lease) is False
    fail_due_row(session, lease, "it broke", now)
    assert _read(session, lease.id)[0] == "void"
    _row(session, now)
    assert finish_due_row(session, _lease_one(session, now)) is True


def test_a_worker_whose_lease_has_ended_changes_nothing_of_the_next_attempt(session: Session, now: datetime) -> None:
    row_id = _row(session, now)
    late = _lease_one(session, now)
    assert _lease(session, now + LEASE) == []
    newer = _lease_one(session, now + LEASE + RETRY_AFTER[0])
    before = _read(session, row_id)
    assert finish_due_row(session, late) is False
    fail_due_row(session, late, "too late", now + LEASE)
    assert _read(session, row_id) == before
    assert finish_due_row(session, newer) is True


def test_a_worker_that_fails_after_a_replay_takes_no_attempt_from_it(session: Session, now: datetime) -> None:
    row_id = _row(session, now, attempts=MAX_ATTEMPTS - 1)
    late = _lease_one(session, now)
    assert _lease(session, now + LEASE) == []
    replay_due_row(session, KIND, row_id)
    fail_due_row(session, late, "too late", now)
    row = _read(session, row_id)
    assert (row.status, row.attempts, row.leased_until) == ("due", 0, None)


def test_a_failure_of_a_row_whose_attempts_were_reset_rests_like_a_first_one(session: Session, now: datetime) -> None:
    row_id = _row(session, now)
    lease = _lease_one(session, now)
    session.execute(text("UPDATE job_tick SET attempts = 0"))
    fail_due_row(session, lease, "it broke", now)
    assert _read(session, row_id).due_at == now + RETRY_AFTER[0]


def test_a_replay_returns_all_attempts_to_a_dead_row_and_to_no_other(session: Session, now: datetime) -> None:
    dead, done = _row(session, now, status="dead", attempts=MAX_ATTEMPTS), _row(session, now, status="done")
    replay_due_row(session, KIND, dead)
    assert _read(session, dead)[:2] == ("due", 0)
    for other in (done, new_id()):
        with pytest.raises(NotFound):
            replay_due_row(session, KIND, other)


def test_two_workers_in_turn_lease_different_rows(database: TestDatabase) -> None:
    engine: Engine = create_engine(database.application_url)
    with Session(engine) as first, Session(engine) as second:
        now = now_of(first)
        ids = {_row(first, now), _row(first, now), _row(first, now, attempts=MAX_ATTEMPTS)}
        first.commit()
        leased = _lease(first, now, limit=1)
        first.commit()
        leased += _lease(second, now, limit=1)
        assert len(set(leased)) == 2
        assert set(leased) < ids
    engine.dispose()


def test_a_bell_is_due_only_while_a_row_is_due_and_unleased(session: Session, now: datetime) -> None:
    assert bells_of_due_work(session, now) == []
    _row(session, now, due_at=now + timedelta(seconds=1))
    assert bells_of_due_work(session, now) == []
    later = now + timedelta(seconds=1)
    assert bells_of_due_work(session, later) == [Bell.JOBS]
    _lease(session, later)
    assert bells_of_due_work(session, later) == []
    assert bells_of_due_work(session, later + LEASE) == [Bell.JOBS]
