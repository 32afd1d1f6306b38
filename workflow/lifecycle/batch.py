"""Judges due requests, many in one transaction, and keeps one that fails from failing the others."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.sqlstates import OWN_FAULTS, Fault, fault_of
from workflow.errors import Unmet
from workflow.lifecycle.apply import DEFER_CONSTRAINTS, Planned, WriteContext, plan, write_transitions
from workflow.lifecycle.claim import (
    FROM_FRONT,
    FRONT,
    LOCK_TIMEOUT_ALONE,
    Claim,
    DueRequest,
    PendingFacts,
    QueuePosition,
    Start,
    claim_app,
    claim_due_apps,
    due_requests,
    facts_of_claimed,
    forget_batch,
    forget_crashes,
)
from workflow.lifecycle.expectations import refused_also, unmet_expectations
from workflow.lifecycle.facts import Facts
from workflow.lifecycle.loading import LoadedApp, load_facts
from workflow.lifecycle.outcomes import JudgedRequest, record_outcomes, slug_of
from workflow.sql.pipeline import DirectSession
from workflow.sql.transient import is_transient

MAX_ATTEMPTS = 3
"""Attempts that the request itself made fail, or kill its process, after which it is dead."""
RETRY_AFTER = timedelta(seconds=1)
"""How long an App rests after the first failed attempt at its oldest request; twice as long after the second."""
FIRST_REST = timedelta(seconds=1)
MAX_REST = timedelta(seconds=10)
"""The longest rest after a failure that was no fault of the request. Rests begin with FIRST_REST and double."""
MAX_HINDERED = 3
"""The number of Apps whose requests are hindered one after another before the rest of a batch is left for the next."""
ALONE_SECONDS = 5.0
"""How long the requests of a batch are judged one by one before the rest of them is left for the next batch."""

_LOST = frozenset({Fault.AWAY, Fault.UNFIT, Fault.READ_ONLY})
"""Faults after which the transaction cannot go on."""
_HINDERS_ONE = OWN_FAULTS | {Fault.LOCKED, Fault.CANCELLED}
"""Faults that one request of a batch may meet while the others would not."""

MarkInFlight = Callable[[Sequence[UUID]], Callable[[], UUID]]
"""Commits, on another connection, a marker that these requests are in flight, so that it survives this process.

The statement is sent at once; the returned function blocks until the marker is committed, and returns the batch's id.
"""

NowAndWriter = Callable[[Session], tuple[datetime, WriteContext]]
"""Returns the database's present time, and what writing needs with the policies as they are now."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch did. `suspects` are Apps left for `judge_suspect`.

    `claimed` is true when the batch held Apps: workers that looked meanwhile skipped them, so another look is due.
    `full` is true when it found as many requests as its limit allows, so there may be more. `oldest` and `newest` are
    the positions of the first and the last request it saw. `skipped` counts the requests it left, before it could
    claim any, because other workers held their Apps.
    """

    outcomes: tuple[JudgedRequest, ...] = ()
    claimed: bool = False
    full: bool = False
    suspects: tuple[UUID, ...] = ()
    oldest: QueuePosition = FRONT
    newest: QueuePosition = FRONT
    skipped: int = 0


def judge_due_requests(
    session: DirectSession,
    *,
    now_and_writer: NowAndWriter,
    mark_in_flight: MarkInFlight,
    limit: int,
    start: Start = FROM_FRONT,
    is_isolating: bool = False,
) -> BatchReport:
    """Claims, judges and applies up to `limit` due requests, beginning at `start`. Locks the Apps it claims.

    The caller commits, and thereby all outcomes or none of them. Apps with a request that was in a batch whose process
    died, or that failed before, are reported as `suspects` and not judged here, so that such a request cannot take
    others down with it again. One round trip reads everything, and another writes everything.

    Raises an error that says nothing of a single request, such as a deadlock or a full disk, unless `is_isolating`:
    then the requests are judged one by one, and those that fail rest. Raises an error that ends the transaction.
    """
    skipped: set[UUID] = set()
    claims: list[Claim] = []
    while True:
        claim = claim_due_apps(session, skipped, limit=limit, start=start)
        due, facts = due_requests(session, limit=limit), facts_of_claimed(session)
        now, writer = now_and_writer(session)
        found = claim()
        claims.append(found)
        if found.apps or not found.skipped:
            break
        skipped |= found.skipped
    if not found.apps:
        return BatchReport()
    requests = list(due)
    suspects = {request.app_id for request in requests if request.is_suspect}
    clean = [request for request in requests if request.app_id not in suspects]
    outcomes = _judge(session, clean, facts, now, writer, mark_in_flight, is_isolating) if clean else []
    return BatchReport(
        tuple(outcomes),
        claimed=True,
        full=max(found.seen, len(requests)) >= limit,
        suspects=tuple(suspects),
        oldest=claims[0].oldest,
        newest=found.newest,
        skipped=sum(one.seen for one in claims[:-1]),
    )


def judge_suspect(
    session: DirectSession, app_id: UUID, *, now_and_writer: NowAndWriter, mark_in_flight: MarkInFlight
) -> BatchReport:
    """Judges the oldest due request of one App by itself. Locks the App; the caller commits.

    Does nothing while another transaction holds the App, or the App rests. A request whose attempts are used up,
    counting those that killed their process, becomes dead without another one.
    """
    if not claim_app(session, app_id):
        return BatchReport()
    due, facts = due_requests(session, limit=1), facts_of_claimed(session)
    now, writer = now_and_writer(session)
    requests = list(due)
    if not requests:
        return BatchReport()
    request = requests[0]
    if request.attempts + request.crashes >= MAX_ATTEMPTS:
        error = f"judging it ended its process {request.crashes} times"
        outcomes = [JudgedRequest(request, "dead", error=error, app_slug=slug_of(session, app_id))]
        record_outcomes(session, outcomes, now)
    else:
        session.execute(_WAIT_BRIEFLY)
        outcomes = _judge(session, requests, facts, now, writer, mark_in_flight, True)
    if request.crashes:
        forget_crashes(session, [request.id])
    return BatchReport(tuple(outcomes), claimed=True)


def _judge(
    session: DirectSession,
    requests: Sequence[DueRequest],
    facts: PendingFacts,
    now: datetime,
    writer: WriteContext,
    mark_in_flight: MarkInFlight,
    is_isolating: bool,
) -> list[JudgedRequest]:
    marked = mark_in_flight([request.id for request in requests])
    writer.reached("after_lock")
    if is_isolating and len(requests) > 1:
        outcomes = _judge_one_by_one(session, requests, now, writer, is_isolating)
    else:
        try:
            with session.savepoint():
                outcomes = _judge_together(session, requests, facts(writer.policies), now, writer)
        except Exception as error:
            if _must_raise(error, is_isolating):
                raise
            if len(requests) == 1:
                outcomes = [_record_failure(session, requests[0], error, now)]
            else:
                # A request fails the batch, at whatever point: each is judged again within a savepoint of its own.
                outcomes = _judge_one_by_one(session, requests, now, writer, is_isolating)
    forget_batch(session, marked())
    writer.reached("before_commit")
    return outcomes


def _must_raise(error: Exception, is_isolating: bool) -> bool:
    """Returns whether the error ends the transaction, or is one that the whole batch should be tried again after."""
    fault = fault_of(error)
    if fault is None:
        return False
    return fault in _LOST if is_isolating else fault not in _HINDERS_ONE


def _judge_one_by_one(
    session: DirectSession, requests: Sequence[DueRequest], now: datetime, writer: WriteContext, is_isolating: bool
) -> list[JudgedRequest]:
    """Judges each request in a savepoint of its own. After one that fails, no other of its App is judged.

    Leaves the rest of them unjudged after MAX_HINDERED Apps whose requests were hindered, because then it is probably
    all of them, and after ALONE_SECONDS.
    """
    session.execute(_WAIT_BRIEFLY)
    outcomes: list[JudgedRequest] = []
    at_rest: set[UUID] = set()
    hindered = 0
    ends_at = time.monotonic() + ALONE_SECONDS
    for request in requests:
        if request.app_id in at_rest:
            continue
        outcome = _judge_alone(session, request, now, writer, is_isolating)
        outcomes.append(outcome)
        if outcome.rest is not None:
            at_rest.add(request.app_id)
        hindered += outcome.is_hindered
        if hindered >= MAX_HINDERED or time.monotonic() > ends_at:
            break
    return outcomes


def _judge_together(
    session: Session,
    requests: Sequence[DueRequest],
    loaded: dict[UUID, LoadedApp],
    now: datetime,
    writer: WriteContext,
) -> list[JudgedRequest]:
    """Judges each request against its App as the request before left it, then writes and records all of them."""
    outcomes: list[JudgedRequest] = []
    transitions: list[Planned] = []
    latest = {app_id: app.facts for app_id, app in loaded.items()}
    at_rest: set[UUID] = set()
    for request in requests:
        if at_rest and request.app_id in at_rest:
            continue
        outcome, planned = _judge_request(request, latest[request.app_id], writer)
        outcomes.append(outcome)
        if outcome.rest is not None:
            at_rest.add(request.app_id)
        if planned is not None:
            transitions.append(planned)
            latest[request.app_id] = planned.after
    write_transitions(session, transitions, {app_id: app.head_hash for app_id, app in loaded.items()}, now, writer)
    record_outcomes(session, outcomes, now)
    return outcomes


def _judge_alone(
    session: DirectSession, request: DueRequest, now: datetime, writer: WriteContext, is_isolating: bool
) -> JudgedRequest:
    """Judges one request within a savepoint. If it fails, only the failure is recorded."""
    try:
        with session.savepoint():
            loaded = load_facts(session, [request.app_id], writer.policies)
            session.execute(DEFER_CONSTRAINTS)
            return _judge_together(session, [request], loaded, now, writer)[0]
    except Exception as error:
        if _must_raise(error, is_isolating):
            raise
        return _record_failure(session, request, error, now)


def _record_failure(session: DirectSession, request: DueRequest, error: Exception, now: datetime) -> JudgedRequest:
    """Records that judging the request failed: as an attempt, unless what failed it was no fault of its own."""
    if is_transient(error):
        rest = min(FIRST_REST * 2 ** min(request.rests, 10), MAX_REST)
        why = f"it waits: {error.orig if isinstance(error, DBAPIError) else error}"
        outcome = JudgedRequest(request, "due", error=why, rest=rest, is_hindered=True)
    else:
        why = f"the database refused it: {error.orig}" if isinstance(error, DBAPIError) else f"it broke: {error!r}"
        outcome = _broken(request, why, "")
    with session.savepoint():
        outcome = replace(outcome, app_slug=slug_of(session, request.app_id))
        record_outcomes(session, [outcome], now)
    return outcome


def _judge_request(request: DueRequest, facts: Facts, writer: WriteContext) -> tuple[JudgedRequest, Planned | None]:
    facts = facts.asked_by(request.ask)
    try:
        judgment = writer.rulebook.judge(request.trigger, facts)
    except Exception as error:  # noqa: BLE001 (a rule that raises must not fail the batch)
        return _broken(request, f"a rule broke: {error!r}", facts.slug), None
    also = unmet_expectations(request, request.trigger, facts)
    if request.asker_is_gone:
        also = (*also, _ASKER_IS_GONE)
    if also:
        judgment = refused_also(judgment, also)
    if judgment.target is None:
        version = facts.policy.version
        return JudgedRequest(request, "refused", None, judgment, version, app_slug=facts.slug), None
    planned = plan(request.app_id, request.id, request.trigger, judgment.target, facts)
    applied = JudgedRequest(request, "applied", planned.version, judgment, planned.policy_version, app_slug=facts.slug)
    return applied, planned


_ASKER_IS_GONE = Unmet(
    "principal.gone",
    "The person who asked may still ask",
    "The person who asked has since been removed, or has changed role or company.",
    "Have somebody who may ask for it ask again.",
)


def _broken(request: DueRequest, error: str, slug: str) -> JudgedRequest:
    tries = request.attempts + request.crashes + 1
    if tries >= MAX_ATTEMPTS:
        return JudgedRequest(request, "dead", error=error, app_slug=slug)
    return JudgedRequest(request, "due", error=error, rest=RETRY_AFTER * tries, app_slug=slug)


_WAIT_BRIEFLY = text(f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_ALONE // timedelta(milliseconds=1)}', true)")
