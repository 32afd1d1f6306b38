"""Judging due requests in batches until none is left, and requests that kill their process one at a time."""

import time
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from workers.context import WorkerContext
from workers.judging.in_flight import InFlightBatches
from workers.judging.lines import log_judged
from workflow.lifecycle.batch import MAX_HINDERED, BatchReport, NowAndWriter, judge_due_requests, judge_suspect
from workflow.lifecycle.claim import FROM_FRONT, FRONT, Start
from workflow.sql.pipeline import direct_connection, direct_transaction
from workflow.work.bells import Bell

TURN_SECONDS = 10.0
"""How long one call judges before it rings again and returns, so that its thread can stop."""
LOOK_FROM_FRONT_SECONDS = 2.0
"""How often a claim begins at the front, to find requests that were committed late but are due first, and requests that
were left to other workers but not judged by them."""


def apply_due_requests(context: WorkerContext, *, is_isolating: bool = False) -> int:
    """Judges due requests until a claim finds nothing or the turn is over. Returns how many it judged.

    `is_isolating`: the last batch failed as a whole, so the requests of the first one are judged one by one.

    Each batch is one transaction. The claim after a batch finds requests that arrived for its Apps while they were
    locked, and that other workers skipped. When the turn ends with requests left, the bell is rung again.

    Until VACUUM runs, the index still holds dead entries for judged requests. A claim therefore begins at the position
    of the oldest request found, so that it does not read those entries again. If many requests are due and other
    workers hold the first of them, the next claim begins after this one's last request and skips as many requests as
    this one had to skip, so that workers do not read each other's requests in vain. Unless the turn is over, the last
    claim begins at the front.
    """
    judged = 0
    turn_ends = time.monotonic() + TURN_SECONDS
    start, oldest, front_is_due = FROM_FRONT, FRONT, 0.0
    with direct_connection(context.engine) as connection:
        while True:
            from_front = time.monotonic() >= front_is_due
            if from_front:
                start = FROM_FRONT
            report = _one_batch(context, connection, start, is_isolating)
            is_isolating = False
            judged += len(report.outcomes)
            judged += _judge_suspects(context, connection, report.suspects)
            if not report.claimed and from_front:
                return judged
            if not report.claimed:
                front_is_due = 0.0
            elif from_front:
                oldest, front_is_due = report.oldest, time.monotonic() + LOOK_FROM_FRONT_SECONDS
            skip = (report.skipped or start.skip) if report.full else 0
            start = Start(report.newest, skip) if skip else Start(oldest)
            turn_is_over = time.monotonic() > turn_ends
            if report.full or turn_is_over:
                context.ring(Bell.APPLY)
            if turn_is_over:
                return judged


def _one_batch(context: WorkerContext, connection: Connection, start: Start, is_isolating: bool) -> BatchReport:
    began = time.monotonic()
    report = judge_batch(
        connection,
        context.in_flight,
        context.now_and_writer,
        limit=context.batch_size,
        start=start,
        is_isolating=is_isolating,
    )
    seconds = time.monotonic() - began
    if report.outcomes:
        context.observe_batch(seconds)
    _after_commit(context, report, seconds)
    return report


def judge_batch(
    connection: Connection,
    in_flight: InFlightBatches,
    now_and_writer: NowAndWriter,
    *,
    limit: int,
    start: Start = FROM_FRONT,
    is_isolating: bool = False,
) -> BatchReport:
    """Judges a batch in one transaction, commits it, and returns its report."""
    with in_flight.batch() as mark, direct_transaction(connection) as session:
        return judge_due_requests(
            session,
            now_and_writer=now_and_writer,
            mark_in_flight=mark,
            limit=limit,
            start=start,
            is_isolating=is_isolating,
        )


def _judge_suspects(context: WorkerContext, connection: Connection, suspects: Sequence[UUID]) -> int:
    """Judges the suspect requests of Apps, each by itself. Returns how many it judged.

    Leaves the remaining Apps for the next batch when MAX_HINDERED of them were hindered: Apps that nothing hinders
    should not wait for them.
    """
    judged, hindered = 0, 0
    for app_id in suspects:
        count, was_hindered = _quarantine(context, connection, app_id)
        judged += count
        hindered += was_hindered
        if hindered >= MAX_HINDERED:
            break
    return judged


def _quarantine(context: WorkerContext, connection: Connection, app_id: UUID) -> tuple[int, bool]:
    """Judges the App's requests that failed or whose judging killed a process before, each in its own transaction.

    Returns how many it judged, and whether the last one was hindered.
    """
    judged = 0
    while True:
        began = time.monotonic()
        with context.in_flight.batch() as mark, direct_transaction(connection) as session:
            report = judge_suspect(session, app_id, now_and_writer=context.now_and_writer, mark_in_flight=mark)
        _after_commit(context, report, time.monotonic() - began)
        if not report.outcomes:
            return judged, False
        judged += 1
        (outcome,) = report.outcomes
        if outcome.rest is not None or not outcome.request.is_suspect:
            return judged, outcome.is_hindered


def _after_commit(context: WorkerContext, report: BatchReport, seconds: float) -> None:
    if not report.outcomes:
        return
    context.reached("after_commit")
    log_judged(report.outcomes, seconds)
    counts = Counter(outcome.status for outcome in report.outcomes)
    for status, count in counts.items():
        context.count_outcomes(status, count)
    if counts["applied"]:
        context.ring(Bell.STEPS, Bell.NOTIFICATIONS)
