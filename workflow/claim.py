"""Claiming due requests through their Apps' locks, and knowing those whose judging killed a process before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger, Role
from workflow.actors import Actor
from workflow.facts import Ask, reason_from
from workflow.loading import app_ids


@dataclass(frozen=True, slots=True)
class DueRequest:
    """A request that is due. `crashes` counts the batches with it that ended with their process.

    `gone` tells that the person who asked was removed since, or has another role or company now.
    """

    id: UUID
    app_id: UUID
    trigger: AppTrigger
    expected_state: str | None
    expected_version: int | None
    ask: Ask
    attempts: int
    crashes: int
    gone: bool = False


_LOCK_DUE = app_ids("""
    WITH planned_once AS MATERIALIZED (SELECT set_config('plan_cache_mode', 'force_generic_plan', true)),
         candidate AS MATERIALIZED (SELECT app_id, position FROM transition_request, planned_once
                                     WHERE status = 'due' AND due_at <= now() AND app_id <> ALL(:ids)
                                     ORDER BY due_at, position LIMIT :limit),
         locked AS MATERIALIZED (SELECT id FROM app WHERE id = ANY(ARRAY(SELECT app_id FROM candidate))
                                  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
    SELECT app_id, id, position FROM candidate LEFT JOIN locked ON id = app_id
""")
"""The transaction's statements are planned once for all batches: planning takes longer than a small batch does."""

_LOCK = app_ids("SELECT id FROM app WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED")

_DUE = app_ids("""
    SELECT r.id, r.app_id, r.trigger, r.expected_state, r.expected_version, r.reasons, r.principal_id, r.role,
           r.organization_id, r.attempts, coalesce(died.times, 0),
           r.role NOT IN ('service', 'schedule')
           AND (p.id IS NULL OR p.removed_at IS NOT NULL OR p.role <> r.role
                OR p.organization_id IS DISTINCT FROM r.organization_id)
      FROM transition_request r
      LEFT JOIN person p ON p.id = r.principal_id
      LEFT JOIN (SELECT judged.id, count(*) AS times FROM apply_batch, unnest(request_ids) AS judged (id)
                  GROUP BY judged.id) died ON died.id = r.id
     WHERE r.status = 'due' AND r.due_at <= now() AND r.app_id = ANY(:ids) AND r.position <= :last
     ORDER BY r.position LIMIT :limit
""")

_FORGET = app_ids("""
    WITH held AS (SELECT id FROM apply_batch WHERE request_ids && :ids ORDER BY id FOR UPDATE)
    UPDATE apply_batch b
       SET request_ids = ARRAY(SELECT unnest(b.request_ids) EXCEPT SELECT unnest(:ids))
      FROM held WHERE b.id = held.id
""")


_FORGET_BATCH = text("DELETE FROM apply_batch WHERE id = :id")


ANY_POSITION = 2**63 - 1
"""No request is behind it."""


def lock_due_apps(session: Session, *, limit: int) -> tuple[list[UUID], int]:
    """Locks the Apps of up to `limit` due requests, skipping what other workers hold.

    Gives their ids and the position of the last of these requests. ([], 0) means that there is nothing to do.

    Candidates are read apart from the lock, so that the LIMIT never starves a second worker: when all of a page are
    held elsewhere, it looks past them.

    From here on the transaction's statements are planned without their values, once for all batches
    (`plan_cache_mode`).
    """
    passed: list[UUID] = []
    while True:
        candidates = session.execute(_LOCK_DUE, {"ids": passed, "limit": limit}).all()
        locked = {app_id for app_id, held, _ in candidates if held}
        if locked or not candidates:
            return sorted(locked), max((position for _, held, position in candidates if held), default=0)
        passed.extend({app_id for app_id, _, _ in candidates})


def lock_apps(session: Session, ids: Sequence[UUID]) -> list[UUID]:
    """Locks those of `ids` that nobody holds, in id order, and gives them."""
    return [app_id for (app_id,) in session.execute(_LOCK, {"ids": list(ids)})]


def due_requests(
    session: Session, ids: Sequence[UUID], *, limit: int, last: int = ANY_POSITION
) -> Iterator[DueRequest]:
    """Asks for the due requests of the locked Apps `ids`, oldest acceptance first, up to the position `last`.

    The statement is sent at once, its rows are waited for when they are first wanted. A statement of its own, after the
    locks: it sees all that was committed before they were granted. Without `last` it reads all that waits for these
    Apps, to give the oldest of it.
    """
    rows = session.execute(_DUE, {"ids": list(ids), "limit": limit, "last": last})
    return (_due_request(*row) for row in rows)


def forget_batch(session: Session, batch_id: UUID) -> None:
    """Takes back the announcement of a batch, in the transaction of its outcomes."""
    session.execute(_FORGET_BATCH, {"id": batch_id})


def forget_crashes(session: Session, request_ids: Sequence[UUID]) -> None:
    """Takes requests that have an outcome out of the batches of dead processes, in the outcome's transaction."""
    session.execute(_FORGET, {"ids": list(request_ids)})
    session.execute(text("DELETE FROM apply_batch WHERE request_ids = '{}'"))


def _due_request(
    request_id: UUID,
    app_id: UUID,
    trigger: str,
    expected_state: str | None,
    expected_version: int | None,
    given: list[dict[str, Any]],
    principal_id: UUID,
    role: str,
    organization_id: UUID | None,
    attempts: int,
    crashes: int,
    gone: bool,
) -> DueRequest:
    reasons = tuple([reason_from(part) for part in given])
    ask = Ask(Actor(principal_id, Role(role), organization_id), reasons)
    return DueRequest(
        request_id, app_id, AppTrigger(trigger), expected_state, expected_version, ask, attempts, crashes, gone
    )
