"""Claiming due requests through their Apps' locks, and knowing those whose judging killed a process before."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger, Role
from workflow.identity.actors import Actor
from workflow.lifecycle.facts import Ask
from workflow.lifecycle.loading import LoadedApp, facts_of, loaded_apps
from workflow.policy.document import Policies
from workflow.reasons import reason_from
from workflow.sql.arrays import app_ids


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


CLAIMED = "ANY(ARRAY(SELECT unnest(NULLIF(current_setting('devcenter.claimed', true), '')::uuid[])))"
"""The Apps that the transaction has claimed, as SQL. The server keeps them, so that what is read of them can be asked
for together with the claim. A query of its own, or a plan would be made for the Apps of the moment, none as a rule, and
kept for all batches."""

FactsAsked = Callable[[Policies], dict[UUID, LoadedApp]]
"""Waits for the facts that were asked for, and gives them."""

_LOCK_DUE = app_ids("""
    WITH planned_once AS MATERIALIZED (SELECT set_config('plan_cache_mode', 'force_generic_plan', true)),
         candidate AS MATERIALIZED (SELECT app_id, due_at, position FROM transition_request, planned_once
                                     WHERE status = 'due' AND due_at <= now()
                                       AND (due_at, position) >= (:start_due_at, :start_position)
                                       AND app_id NOT IN (SELECT unnest(:ids))
                                     ORDER BY due_at, position LIMIT :limit OFFSET :skip),
         locked AS MATERIALIZED (SELECT id FROM app WHERE id = ANY(ARRAY(SELECT app_id FROM candidate))
                                  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED),
         claimed AS MATERIALIZED (SELECT set_config('devcenter.claimed', ARRAY(SELECT id FROM locked)::text, true),
                                         set_config('devcenter.last', coalesce(max(position), 0)::text, true)
                                    FROM candidate JOIN locked ON id = app_id)
    SELECT app_id, id, due_at, position FROM claimed, candidate LEFT JOIN locked ON id = app_id
""")
"""The transaction's statements are planned once for all batches: planning takes longer than a small batch does."""

_LOCK = text(f"""
    WITH locked AS MATERIALIZED (SELECT id FROM app WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED),
         claimed AS MATERIALIZED (SELECT set_config('devcenter.claimed', ARRAY(SELECT id FROM locked)::text, true),
                                         set_config('devcenter.last', '{2**63 - 1}', true))
    SELECT id FROM claimed, locked
""")

_DUE = text(f"""
    SELECT r.id, r.app_id, r.trigger, r.expected_state, r.expected_version, r.reasons, r.principal_id, r.role,
           r.organization_id, r.attempts,
           CASE WHEN r.id IN (SELECT unnest(request_ids) FROM apply_batch)
                THEN (SELECT count(*) FROM apply_batch b WHERE r.id = ANY(b.request_ids)) ELSE 0 END,
           r.role NOT IN ('service', 'schedule')
           AND (p.id IS NULL OR p.removed_at IS NOT NULL OR p.role <> r.role
                OR p.organization_id IS DISTINCT FROM r.organization_id)
      FROM transition_request r
      LEFT JOIN person p ON p.id = r.principal_id
     WHERE r.status = 'due' AND r.due_at <= now() AND r.app_id = {CLAIMED}
       AND r.position <= NULLIF(current_setting('devcenter.last', true), '')::bigint
     ORDER BY r.position LIMIT :limit
""")
"""All announcements are read once into a hash, and counted only for a request that is in one, which is rare: most are
of batches that others judge right now."""

_FACTS = text(facts_of(CLAIMED))

_FORGET = app_ids("""
    WITH held AS (SELECT id FROM apply_batch WHERE request_ids && :ids ORDER BY id FOR UPDATE)
    UPDATE apply_batch b
       SET request_ids = ARRAY(SELECT unnest(b.request_ids) EXCEPT SELECT unnest(:ids))
      FROM held WHERE b.id = held.id
""")

_FORGET_EMPTY = text("DELETE FROM apply_batch WHERE request_ids = '{}'")

_FORGET_BATCH = text("DELETE FROM apply_batch WHERE id = :id")


class QueuePosition(NamedTuple):
    """Where a request stands among those that are due: by when it is due, then by acceptance."""

    due_at: datetime
    position: int


FRONT = QueuePosition(datetime.min.replace(tzinfo=UTC), 0)
"""Before all requests."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a claim begins: at a place, behind the first `skip` requests from there on, which are left to others."""

    place: QueuePosition = FRONT
    skip: int = 0


FROM_FRONT = Start()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a look for work found. `apps` are locked; `passed` are those that others hold.

    It saw so `many` requests, from `oldest` to `newest`.
    """

    apps: frozenset[UUID]
    passed: frozenset[UUID]
    many: int = 0
    oldest: QueuePosition = FRONT
    newest: QueuePosition = FRONT


def claim_due_apps(
    session: Session, passed: Collection[UUID] = (), *, limit: int, start: Start = FROM_FRONT
) -> Callable[[], Claim]:
    """Locks the Apps of up to `limit` due requests from `start` on, but for those `passed`; skips what others hold.

    It is sent at once; what it gives waits for the answer. Candidates are read apart from the lock, so that the LIMIT
    never starves a second worker: when all of a page are held elsewhere, it is to look past them.

    From here on the transaction's statements are planned without their values, once for all batches
    (`plan_cache_mode`).
    """
    due_at, position = start.place
    begin = {"start_due_at": due_at, "start_position": position, "skip": start.skip}
    rows = session.execute(_LOCK_DUE, {"ids": passed, "limit": limit} | begin)

    def answer() -> Claim:
        candidates = list(rows)
        locked = frozenset(app_id for app_id, held, *_ in candidates if held)
        seen = frozenset(app_id for app_id, *_ in candidates)
        places = [QueuePosition(due_at, position) for *_, due_at, position in candidates] or [FRONT]
        return Claim(locked, seen - locked, len(candidates), min(places), max(places))

    return answer


def claim_app(session: Session, app_id: UUID) -> bool:
    """Locks the App, unless somebody holds it, and returns whether it did."""
    return bool(list(session.execute(_LOCK, {"id": app_id})))


def due_requests(session: Session, *, limit: int) -> Iterator[DueRequest]:
    """Asks for the due requests of the claimed Apps, oldest acceptance first, up to the last that the claim saw.

    It is sent at once, its rows are waited for when they are first wanted. A statement of its own, after the locks: it
    sees all that was committed before they were granted.
    """
    rows = session.execute(_DUE, {"limit": limit})
    return (_due_request(*row) for row in rows)


def facts_of_claimed(session: Session) -> FactsAsked:
    """Asks for the facts of the claimed Apps. It is sent at once; what it gives waits for the answer."""
    rows = session.execute(_FACTS)
    return lambda policies: loaded_apps(rows, policies)


def forget_batch(session: Session, batch_id: UUID) -> None:
    """Takes back the announcement of a batch, in the transaction of its outcomes."""
    session.execute(_FORGET_BATCH, {"id": batch_id})


def forget_crashes(session: Session, request_ids: Sequence[UUID]) -> None:
    """Takes requests that have an outcome out of the batches of dead processes, in the outcome's transaction."""
    session.execute(_FORGET, {"ids": list(request_ids)})
    session.execute(_FORGET_EMPTY)


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
