"""Draining transition requests: batches until nothing is due, and those that kill processes one at a time."""

import time
from collections import Counter
from uuid import UUID

from workers.deps import BellName, Deps
from workflow.batch import BatchReport, judge_due_requests, judge_suspect

TURN_SECONDS = 30.0
"""How long one message drains full batches before it rings again and lets others have its thread."""
SHORT_TURN_SECONDS = 0.2
"""The same while batches are not full: then others, messages of services for one, are as urgent."""


def apply_due_requests(deps: Deps) -> int:
    """Judges due requests until a claim finds nothing; gives how many. Each batch is one transaction.

    The claim after a batch finds what came for its Apps while they were locked, which other workers passed over.
    """
    judged = 0
    began = time.monotonic()
    while True:
        report = _one_batch(deps)
        judged += len(report.outcomes)
        for app_id in report.suspects:
            judged += _quarantine(deps, app_id)
        if not report.claimed:
            return judged
        turn_is_over = time.monotonic() - began > (TURN_SECONDS if report.full else SHORT_TURN_SECONDS)
        if report.full or turn_is_over:
            deps.ring(BellName.APPLY)
        if turn_is_over:
            return judged


def _one_batch(deps: Deps) -> BatchReport:
    began = time.monotonic()
    with deps.announcements.batch() as announce, deps.unit_of_work() as session:
        now, writer = deps.now_and_writer(session)
        report = judge_due_requests(session, now=now, writer=writer, announce=announce, limit=deps.batch_size)
    if report.outcomes:
        deps.took_batch(time.monotonic() - began)
    _after_commit(deps, report)
    return report


def _quarantine(deps: Deps, app_id: UUID) -> int:
    """Judges the App's requests that were in a batch whose process died, each in a transaction of its own."""
    judged = 0
    while True:
        with deps.announcements.batch() as announce, deps.unit_of_work() as session:
            now, writer = deps.now_and_writer(session)
            report = judge_suspect(session, app_id, now=now, writer=writer, announce=announce)
        _after_commit(deps, report)
        if not report.outcomes or not report.outcomes[0].request.crashes:
            return judged + len(report.outcomes)
        judged += 1


def _after_commit(deps: Deps, report: BatchReport) -> None:
    if not report.outcomes:
        return
    deps.reached("after_commit")
    counts = Counter(outcome.status for outcome in report.outcomes)
    for status, count in counts.items():
        deps.count_outcomes(status, count)
    if counts["applied"]:
        deps.ring(BellName.STEPS, BellName.NOTIFICATIONS)
