"""Leased work in a process: threads for every kind, shutdown, and how attempts end."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq import MessageProxy
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text

from models.due import Urgency
from runtime.broker import WakingRedisBroker
from tests.refusing_mail import serving
from tests.waiting import wait_until
from tests.workers.leased import work_off
from workers.actors import LEASED_WORK
from workers.actors.notifications import NOTIFICATIONS
from workers.context import WorkerContext
from workers.leasing.capacity import PLACES_WHILE_JUDGING, ProcessCapacity
from workers.leasing.consumer import LeasedConsumer
from workers.leasing.outage import MIN_PAUSE, PausingOutage
from workers.leasing.queue import HANDED, Handed, LeasedQueue
from workers.leasing.work import LeasedWork, attempt_row
from workflow.work.bells import Bell
from workflow.work.handing_out import hand_out
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import LaneFailed, Lease, PermanentFailure, ServiceAway, finish_due_row

NEVER_SWEEPS = 3600.0
MAILS = LEASED_KINDS[DueKind.NOTIFICATION]


def _capacity(threads: int = 16, *, judging: bool = False) -> ProcessCapacity:
    capacity = ProcessCapacity(lambda: judging, lambda _kind, _many: None)
    capacity.open(threads, list(DueKind), message_queues=1)
    return capacity


@settings(max_examples=300)
@given(threads=st.integers(1, 64), wishes=st.lists(st.tuples(st.sampled_from(DueKind), st.integers(0, 70))))
def test_every_kind_and_messages_keep_a_thread_whatever_is_requested(
    threads: int, wishes: list[tuple[DueKind, int]]
) -> None:
    capacity, taken = _capacity(threads), dict.fromkeys(DueKind, 0)
    for kind, wish in wishes:
        reserved = capacity.reserve(kind)
        kept = min(wish, reserved)
        capacity.release(kind, reserved - kept)
        taken[kind] += kept
    assert sum(taken.values()) <= max(threads - 1, len(DueKind))
    for kind in DueKind:
        assert taken[kind] > 0 or capacity.free(kind) >= 1
        assert taken[kind] <= max(1, threads - 1 - (len(DueKind) - 1))


def test_kinds_that_look_at_the_same_moment_are_not_given_the_same_places() -> None:
    capacity = _capacity(16)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(capacity.reserve, DueKind)) <= 15


def test_a_process_that_judges_works_on_two_rows_of_a_kind_at_most() -> None:
    capacity = _capacity(judging=True)
    assert capacity.reserve(DueKind.NOTIFICATION) == PLACES_WHILE_JUDGING
    assert capacity.free(DueKind.NOTIFICATION) == 0
    assert capacity.free(DueKind.REVIEW_STEP) == PLACES_WHILE_JUDGING


def test_while_a_process_judges_news_are_mailed_too_and_afterwards_at_once(context: WorkerContext) -> None:
    judging = threading.Event()
    judging.set()
    capacity = ProcessCapacity(judging.is_set, lambda _kind, _many: None)
    capacity.open(16, list(DueKind), message_queues=1)
    queue = _queue(context.engine, capacity)
    consumer = LeasedConsumer(queue, 2000)
    _put(context, 20)
    assert len(_proxies(consumer, PLACES_WHILE_JUDGING)) == PLACES_WHILE_JUDGING
    leased = [row for row in _rows(context) if row.leased_until is not None]
    assert len(leased) == 2  # by one look, which kept a place for an urgent row
    judging.clear()
    free = 15 - len(DueKind)
    assert len(_proxies(consumer, free)) == free
    queue.stop()


def _put(context: WorkerContext, many: int, *, lane: str = "-", urgency: Urgency = Urgency.BULK) -> None:
    with context.unit_of_work() as session:
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, data, due_at, lane, urgency)
                SELECT uuidv7(), 'access_declined', gen_random_uuid(), 'pat@acme.example', '{"company": "Acme"}',
                       now(), :lane, :urgency FROM generate_series(1, :many)
            """),
            {"many": many, "lane": lane, "urgency": urgency.value},
        )


def _rows(context: WorkerContext) -> list[Any]:
    with context.unit_of_work() as session:
        found = session.execute(
            text("SELECT status, attempts, last_error, leased_until, urgency FROM notification ORDER BY id")
        )
        return list(found)


@pytest.fixture
def queue(context: WorkerContext) -> Iterator[LeasedQueue]:
    made = _queue(context.engine, _capacity())
    yield made
    made.stop()


def _queue(engine: Engine, capacity: ProcessCapacity, ring: Callable[..., None] = lambda *_bells: None) -> LeasedQueue:
    return LeasedQueue(MAILS, "deliver_notification", engine, capacity, NEVER_SWEEPS, ring)


def _proxies(consumer: LeasedConsumer, many: int) -> list[MessageProxy]:
    found: list[MessageProxy] = []
    while len(found) < many:
        message = next(consumer)
        assert message is not None
        found.append(message)
    return found


def test_a_stopping_queue_hands_out_nothing_and_returns_what_nobody_began(
    context: WorkerContext, queue: LeasedQueue
) -> None:
    consumer = LeasedConsumer(queue, 200)
    _put(context, 20)
    begun, *waiting = _proxies(consumer, 3)
    queue.stop()
    assert next(consumer) is None
    consumer.requeue(waiting)
    assert sorted(row.attempts for row in _rows(context)) == [0] * 19 + [1]
    assert sum(row.leased_until is not None for row in _rows(context)) == 1
    consumer.ack(begun)
    _put(context, 1)
    assert next(consumer) is None


def test_neither_a_look_nor_a_row_that_waits_is_an_attempt(context: WorkerContext) -> None:
    """What a process that is told to stop says that it waits for are attempts, not places that a look has taken."""
    capacity = _capacity()
    queue = _queue(context.engine, capacity)
    consumer = LeasedConsumer(queue, 20_000)
    _put(context, 20)
    with ThreadPoolExecutor(1) as threads:
        with context.unit_of_work() as other:
            other.execute(text("LOCK TABLE notification IN ACCESS EXCLUSIVE MODE"))
            first = threads.submit(_proxies, consumer, 1)
            wait_until(lambda: capacity.in_use(DueKind.NOTIFICATION) > 0, what="a look that waits for the lock")
            assert queue.begun() == 0
        (message,) = first.result(20)
    assert queue.begun() == 1
    consumer.ack(message)
    assert queue.begun() == 0
    queue.stop()
    assert capacity.in_use(DueKind.NOTIFICATION) == 0


def test_rows_that_wait_ahead_leave_the_threads_of_other_kinds_alone(
    context: WorkerContext, queue: LeasedQueue
) -> None:
    """What Dramatiq is given stands before the rows of other kinds in its one queue."""
    consumer = LeasedConsumer(queue, 200)
    _put(context, 100)
    _proxies(consumer, 16 - len(DueKind))
    assert next(consumer) is None
    assert sum(row.attempts for row in _rows(context)) > 16


def test_a_ring_for_more_rows_than_there_are_places_is_passed_on(context: WorkerContext) -> None:
    rung: list[Bell] = []
    queue = _queue(context.engine, _capacity(), lambda *bells: rung.extend(bells))
    consumer = LeasedConsumer(queue, 200)
    assert next(consumer) is None
    _put(context, 100)
    queue.ring()
    _proxies(consumer, 1)
    assert rung == [Bell.NOTIFICATIONS]
    queue.stop()


def test_a_new_consumer_keeps_the_rows_that_the_old_one_held(context: WorkerContext, queue: LeasedQueue) -> None:
    _put(context, 3)
    (first,) = _proxies(LeasedConsumer(queue, 200), 1)
    ids = {proxy.args[0] for proxy in _proxies(LeasedConsumer(queue, 200), 2)}
    assert len(ids | {first.args[0]}) == 3


def test_an_urgent_row_goes_before_the_news_that_wait_in_the_process(
    context: WorkerContext, queue: LeasedQueue
) -> None:
    consumer = LeasedConsumer(queue, 200)
    _put(context, 100)
    working = _proxies(consumer, 16 - len(DueKind))
    assert next(consumer) is None
    _put(context, 1, urgency=Urgency.URGENT)
    queue.ring()
    assert next(consumer) is None
    consumer.ack(working[0])
    (first,) = _proxies(consumer, 1)
    with context.unit_of_work() as session:
        urgent = session.scalars(text("SELECT id::text FROM notification WHERE urgency = 0")).one()
    assert first.args == (urgent,)


def test_the_end_of_a_row_makes_room_for_the_next_without_a_bell_or_a_sweep(
    context: WorkerContext, queue: LeasedQueue
) -> None:
    consumer = LeasedConsumer(queue, 1000)
    _put(context, 40, lane="acme.example")
    for _ in range(5):
        (message,) = _proxies(consumer, 1)
        message.options[HANDED].answered = True
        consumer.ack(message)


def test_a_consumer_raises_no_error_while_the_database_is_away() -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    queue = _queue(away, _capacity())
    assert next(LeasedConsumer(queue, 100)) is None
    queue.stop()


def test_rows_wait_for_a_mail_server_that_is_away_without_losing_tries(
    context: WorkerContext, queue: LeasedQueue, caplog: pytest.LogCaptureFixture
) -> None:
    consumer, server_is_away = LeasedConsumer(queue, 100), True

    def run(_context: WorkerContext, lease: Lease) -> bool:
        if server_is_away:
            raise ServiceAway("connection refused")
        with context.unit_of_work() as session:
            return finish_due_row(session, lease)

    def attempt(message: MessageProxy) -> None:
        handed = message.options[HANDED]
        handed.answered = attempt_row(context, LeasedWork(DueKind.NOTIFICATION, "try", run), handed)
        consumer.ack(message)

    _put(context, 40)
    for message in _proxies(consumer, 3):
        attempt(message)
    assert next(consumer) is None
    assert {(row.status, row.attempts, row.leased_until) for row in _rows(context)} == {("due", 0, None)}
    assert {row.last_error for row in _rows(context)} == {None, "ServiceAway('connection refused')"}
    patient = LeasedConsumer(queue, 10_000)
    (probe,) = _proxies(patient, 1)
    assert next(consumer) is None
    server_is_away = False
    attempt(probe)
    while any(row.status == "due" for row in _rows(context)):
        queue.ring()
        for message in _proxies(patient, 1):
            attempt(message)
    assert {row.status for row in _rows(context)} == {"done"}
    said = [record.message for record in caplog.records if record.name == "workflow.outages"]
    assert [line.split(" for ")[0] for line in said] == [
        "the service of notification fails",
        "the service of notification works again",
    ]


def test_a_row_that_waits_for_a_lock_costs_no_attempt_and_pauses_no_other(
    context: WorkerContext, queue: LeasedQueue, engine: Engine
) -> None:
    consumer = LeasedConsumer(queue, 1000)

    def run(_context: WorkerContext, _lease: Lease) -> bool:
        with context.unit_of_work() as session:
            session.execute(text("SET LOCAL lock_timeout = '10ms'"))
            session.execute(text("LOCK TABLE app IN ACCESS EXCLUSIVE MODE"))
        return True

    _put(context, 2)
    with engine.connect() as holding:
        holding.execute(text("SELECT FROM app"))
        (message,) = _proxies(consumer, 1)
        handed = message.options[HANDED]
        handed.answered = attempt_row(context, LeasedWork(DueKind.NOTIFICATION, "try", run), handed)
        consumer.ack(message)
        assert len(_proxies(consumer, 1)) == 1
    assert sorted((row.status, row.attempts) for row in _rows(context)) == [("due", 0), ("due", 1)]


def test_an_outage_is_tried_again_after_growing_pauses_and_ends_with_the_first_answer() -> None:
    outage = PausingOutage("notification")
    outage.note_away(ServiceAway("refused"))
    first = outage.seconds_left()
    outage.note_away(ServiceAway("an attempt that began before the pause"))
    assert 0 < outage.seconds_left() <= first <= MIN_PAUSE
    outage.note_answer()
    assert (outage.is_on, outage.seconds_left()) == (False, 0)


def _try(context: WorkerContext, run: Any, *, at: float | None = None) -> bool | None:
    _put(context, 1, lane="acme.example")
    with context.unit_of_work() as session:
        (lease,) = hand_out(session, DueKind.NOTIFICATION, room=1).leases
    work = LeasedWork(DueKind.NOTIFICATION, "try", run)
    return attempt_row(context, work, Handed(lease, time.monotonic() if at is None else at))


def _breaks(error: Exception) -> Any:
    def run(_context: WorkerContext, _lease: Lease) -> bool:
        raise error

    return run


def _failing_lanes(context: WorkerContext) -> list[str]:
    with context.unit_of_work() as session:
        return list(session.scalars(text("SELECT lane FROM failing_lane")))


def test_a_process_that_resumes_late_does_not_begin_and_returns_the_row(context: WorkerContext) -> None:
    margin = MAILS.lease - MAILS.longest_attempt
    late = time.monotonic() - (margin + timedelta(seconds=1)).total_seconds()
    assert _try(context, _breaks(RuntimeError("begun")), at=late) is None
    (row,) = _rows(context)
    assert (row.status, row.attempts, row.leased_until, row.last_error) == ("due", 0, None, None)


def test_a_lane_is_blamed_for_its_own_failures_alone_and_what_cannot_heal_ends_at_once(context: WorkerContext) -> None:
    assert _try(context, _breaks(RuntimeError("a mistake of ours"))) is None
    assert _try(context, _breaks(TimeoutError("the mail server hangs"))) is None
    assert _failing_lanes(context) == []
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'void'"))
    assert _try(context, _breaks(LaneFailed("no answer"))) is False
    assert _failing_lanes(context) == ["acme.example"]
    with context.unit_of_work() as session:
        session.execute(text("UPDATE failing_lane SET rests_until = now()"))
    assert _try(context, _breaks(PermanentFailure("no such mailbox"))) is True
    assert sorted(row.status for row in _rows(context)) == ["dead", "due", "void", "void"]
    assert _failing_lanes(context) == []


def test_a_permanently_refused_mail_is_dead_at_once_with_the_reason(context: WorkerContext) -> None:
    with serving() as (_, _, mail):
        _put(context, 1, lane="acme.example")
        with context.unit_of_work() as session:
            session.execute(text("UPDATE notification SET recipient_email = 'nobody@acme.example'"))
        assert work_off(replace(context, mail=mail), NOTIFICATIONS) == 1
    (row,) = _rows(context)
    assert (row.status, row.attempts) == ("dead", 1)
    assert "no such mailbox" in row.last_error


def test_nothing_can_be_sent_to_a_queue_of_leased_work(valkey_url: str, context: WorkerContext) -> None:
    broker = WakingRedisBroker(url=valkey_url, middleware=[])
    queue = _queue(context.engine, _capacity())
    broker.declare_source(MAILS.bell.value, lambda timeout_ms: LeasedConsumer(queue, timeout_ms))
    assert isinstance(broker.consume(MAILS.bell.value), LeasedConsumer)
    assert broker.get_declared_delay_queues() == set()
    message: dramatiq.Message[Any] = dramatiq.Message(
        MAILS.bell.value, "deliver_notification", (str(UUID(int=0)),), {}, {}
    )
    with pytest.raises(ValueError, match="write the due row"):
        broker.enqueue(message)
    broker.close()


def test_every_kind_has_an_actor_of_its_own_name() -> None:
    assert [work.kind for work in LEASED_WORK] == list(LEASED_KINDS)
    assert len({work.actor_name for work in LEASED_WORK}) == len(DueKind)
    assert all(kind.lease > kind.longest_attempt for kind in LEASED_KINDS.values())
