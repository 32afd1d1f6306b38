"""Judging due requests, many in one transaction, and keeping one that breaks from breaking the others."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer, Text

from workflow.apply import Planned, Writer, plan, write_transitions
from workflow.claim import DueRequest, due_requests, forget_crashes, lock_apps, lock_due_apps
from workflow.errors import Unmet
from workflow.facts import Facts
from workflow.loading import LoadedApp, load_facts
from workflow.machine import Judgment

MAX_ATTEMPTS = 3
"""Tries that judging a request may break, its process's death included, before it is dead."""
PASSING_FAULTS = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE that say nothing about the row: the whole batch is tried again."""
RETRY_AFTER = timedelta(seconds=1)
"""How long a request rests after its first broken try; twice as long after the second."""

Announce = Callable[[Sequence[UUID]], UUID]
"""Commits, elsewhere, that these requests are about to be judged; gives the batch's id."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one request. Exactly one of the four fits: applied, refused, retried or dead."""

    request: DueRequest
    status: str
    version: int | None = None
    judgment: Judgment | None = None
    policy_version: int | None = None
    error: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch did, and whether more may be due. `suspects` are Apps left for `judge_suspect`."""

    outcomes: tuple[Outcome, ...] = ()
    more: bool = False
    suspects: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _Work:
    """The batch in the making: outcomes so far, transitions to write, and each App's latest facts and head."""

    outcomes: list[Outcome] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)


def judge_due_requests(
    session: Session, *, now: datetime, writer: Writer, announce: Announce, limit: int
) -> BatchReport:
    """Claims, judges and applies up to `limit` due requests. The caller commits; then all outcomes hold, or none.

    Locks the Apps it claims. Requests that were in a batch whose process died are left as `suspects`, so that they
    cannot take others with them again.
    """
    ids = lock_due_apps(session, now, limit=limit)
    if not ids:
        return BatchReport()
    requests = due_requests(session, ids, now, limit=limit)
    suspects = {request.app_id for request in requests if request.crashes}
    clean = [request for request in requests if request.app_id not in suspects]
    outcomes = _judge(session, clean, now, writer, announce) if clean else []
    return BatchReport(tuple(outcomes), more=len(requests) >= limit or not clean, suspects=tuple(suspects))


def judge_suspect(session: Session, app_id: UUID, *, now: datetime, writer: Writer, announce: Announce) -> BatchReport:
    """Judges the oldest due request of one App, alone. The caller commits.

    When the deaths of its processes have used up its tries it is dead without another.
    """
    if not lock_apps(session, [app_id]):
        return BatchReport()
    requests = due_requests(session, [app_id], now, limit=1)
    if not requests:
        return BatchReport()
    request = requests[0]
    if request.attempts + request.crashes >= MAX_ATTEMPTS:
        error = f"judging it ended its process {request.crashes} times"
        outcomes = [Outcome(request, "dead", error=error)]
        _record(session, outcomes, now)
        forget_crashes(session, [request.id])
    else:
        outcomes = _judge(session, requests, now, writer, announce)
    return BatchReport(tuple(outcomes), more=True)


def _judge(
    session: Session, requests: list[DueRequest], now: datetime, writer: Writer, announce: Announce
) -> list[Outcome]:
    announce([request.id for request in requests])
    writer.reached("after_lock")
    loaded = load_facts(session, list(dict.fromkeys(request.app_id for request in requests)), writer.policies)
    work = _judge_all(requests, loaded, now, writer)
    heads = {app_id: app.head_hash for app_id, app in loaded.items()}
    try:
        with session.begin_nested():
            write_transitions(session, work.planned, heads, now, writer)
            outcomes = work.outcomes
    except DBAPIError as error:
        if _is_passing(error):
            raise
        outcomes = _judge_one_by_one(session, requests, loaded, now, writer)
    _record(session, outcomes, now)
    forget_crashes(session, [request.id for request in requests])
    writer.reached("before_commit")
    return outcomes


def _judge_all(requests: Sequence[DueRequest], loaded: dict[UUID, LoadedApp], now: datetime, writer: Writer) -> _Work:
    work = _Work()
    latest = {app_id: app.facts for app_id, app in loaded.items()}
    for request in requests:
        outcome, planned = _judge_request(request, latest[request.app_id], now, writer)
        work.outcomes.append(outcome)
        if planned is not None:
            work.planned.append(planned)
            latest[request.app_id] = planned.after
    return work


def _judge_one_by_one(
    session: Session, requests: Sequence[DueRequest], loaded: dict[UUID, LoadedApp], now: datetime, writer: Writer
) -> list[Outcome]:
    """The batch was refused by the database: finds whose fault it was, each request behind its own savepoint."""
    outcomes = []
    latest = {app_id: app.facts for app_id, app in loaded.items()}
    heads = {app_id: app.head_hash for app_id, app in loaded.items()}
    for request in requests:
        outcome, planned = _judge_request(request, latest[request.app_id], now, writer)
        if planned is not None:
            try:
                with session.begin_nested():
                    heads = write_transitions(session, [planned], heads, now, writer)
                latest[request.app_id] = planned.after
            except DBAPIError as error:
                if _is_passing(error):
                    raise
                outcome = _broken(request, f"the database refused it: {error.orig}", now)
        outcomes.append(outcome)
    return outcomes


def _is_passing(error: DBAPIError) -> bool:
    """Gives whether the fault is the server's and will pass: a lost connection, a deadlock, a restart, a full disk."""
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or sqlstate[:2] in PASSING_FAULTS


def _judge_request(request: DueRequest, facts: Facts, now: datetime, writer: Writer) -> tuple[Outcome, Planned | None]:
    facts = facts.asked_by(request.ask)
    try:
        judgment = writer.rulebook.judge(request.trigger, facts)
    except Exception as error:  # noqa: BLE001 (a rule that breaks must not break the batch)
        return _broken(request, f"a rule broke: {error!r}", now), None
    unexpected = _unexpected(request, facts)
    if unexpected:
        unmet = (*judgment.unmet, *unexpected)
        judgment = Judgment(judgment.trigger, judgment.source, None, unmet, judgment.observed)
    if judgment.target is None:
        return Outcome(request, "refused", judgment=judgment, policy_version=facts.policy.version), None
    planned = plan(request.app_id, request.id, request.trigger, judgment.target, facts)
    return Outcome(request, "applied", planned.version, judgment, planned.policy_version), planned


def _unexpected(request: DueRequest, facts: Facts) -> list[Unmet]:
    """Gives in what the App is not as whoever asked saw it."""
    unmet = []
    if request.expected_state is not None and request.expected_state != facts.state:
        unmet.append(
            Unmet(
                "state.expected",
                "The App is in the expected state",
                f"{request.expected_state} was expected; the state is {facts.state}.",
                "Look at the App again, then ask with its present state.",
                (("state", facts.state),),
            )
        )
    if request.expected_version is not None and request.expected_version != facts.version:
        unmet.append(
            Unmet(
                "version.expected",
                "The App has not moved since it was looked at",
                f"This was asked of the App at version {request.expected_version}; it is at {facts.version} by now.",
                "Look at the App, and at its newest review, again; then decide on what is there now.",
                (("version", str(facts.version)),),
            )
        )
    return unmet


def _broken(request: DueRequest, error: str, now: datetime) -> Outcome:
    tries = request.attempts + request.crashes + 1
    if tries >= MAX_ATTEMPTS:
        return Outcome(request, "dead", error=error)
    return Outcome(request, "due", error=error, due_at=now + RETRY_AFTER * tries)


_RECORD = text("""
    UPDATE transition_request r
       SET status = o.status, version = o.version, unmet = o.unmet::jsonb, observed = o.observed::jsonb,
           policy_version = o.policy_version, last_error = coalesce(o.error, r.last_error),
           reasons = CASE WHEN o.status = 'applied' THEN '[]' ELSE r.reasons END,
           attempts = o.attempts,
           due_at = coalesce(to_timestamp(o.retry_at), r.due_at),
           finished_at = CASE WHEN o.status = 'due' THEN NULL ELSE :now END
      FROM unnest(:ids, :statuses, :versions, :unmets, :observeds, :policies, :errors, :attempts, :retries)
        AS o (id, status, version, unmet, observed, policy_version, error, attempts, retry_at)
     WHERE r.id = o.id
""").bindparams(
    bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
    bindparam("statuses", type_=ARRAY(Text)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("unmets", type_=ARRAY(Text)),
    bindparam("observeds", type_=ARRAY(Text)),
    bindparam("policies", type_=ARRAY(Integer)),
    bindparam("errors", type_=ARRAY(Text)),
    bindparam("attempts", type_=ARRAY(Integer)),
    bindparam("retries", type_=ARRAY(Integer)),
)


def _record(session: Session, outcomes: Sequence[Outcome], now: datetime) -> None:
    session.execute(
        _RECORD,
        {
            "now": now,
            "ids": [one.request.id for one in outcomes],
            "statuses": [one.status for one in outcomes],
            "versions": [one.version for one in outcomes],
            "unmets": [_as_json(one.judgment.unmet if one.judgment else ()) for one in outcomes],
            "observeds": [_as_json(one.judgment.observed if one.judgment else ()) for one in outcomes],
            "policies": [one.policy_version for one in outcomes],
            "errors": [one.error for one in outcomes],
            "attempts": [one.request.attempts + one.request.crashes + (one.error is not None) for one in outcomes],
            "retries": [int(one.due_at.timestamp()) + 1 if one.due_at else None for one in outcomes],
        },
    )


def _as_json(unmet: Sequence[Unmet]) -> str:
    return json.dumps([one.as_dict() for one in unmet])
