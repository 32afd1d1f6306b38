"""Claims due requests by locking their Apps, and counts the earlier batches in which a request's process died."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    """A request that is due. `crashes` counts the batches containing it whose process died while judging them.

    `rests` counts the rests of its App in a row that were no fault of the App's oldest request.
    `asker_is_gone` is true when the person who asked has since been removed, or has changed role or company.
    """

    id: UUID
    app_id: UUID
    trigger: AppTrigger
    expected_state: str | None
    expected_version: int | None
    expected_review: int | None
    ask: Ask
    attempts: int
    crashes: int
    rests: int = 0
    asker_is_gone: bool = False

    @property
    def is_suspect(self) -> bool:
        """Whether it must be judged by itself, because judging it with others may fail or end them."""
        return bool(self.crashes or self.rests)

    @property
    def has_rested(self) -> bool:
        """Whether its App may have rested because of it."""
        return bool(self.attempts or self.rests)


CLAIMED = "ANY(ARRAY(SELECT unnest(NULLIF(current_setting('devcenter.claimed', true), '')::uuid[])))"
"""The Apps that the transaction has claimed, as an SQL expression.

The server holds the list in a transaction-local setting, so the statements that read about the Apps can be sent in the
same pipeline as the claim. It is a subquery because the planner would otherwise evaluate the setting while planning,
usually find it empty, and keep a plan made for no Apps at all for every batch.
"""

PendingFacts = Callable[[Policies], dict[UUID, LoadedApp]]
"""Waits for the result of a query for facts that was already sent, and returns the facts by App."""

LOCK_TIMEOUT = timedelta(milliseconds=250)
"""How long a statement of a batch waits for a lock, before its requests are judged one by one."""
LOCK_TIMEOUT_ALONE = timedelta(milliseconds=100)
"""The same while they are judged one by one, with other Apps' requests waiting in the batch."""
AT_REST = "(SELECT app_id FROM resting_app WHERE rests_until > now())"
"""The Apps whose requests are not judged now, as an SQL subquery."""

_BOUNDED = f"""
    set_config('lock_timeout',
               CASE WHEN current_setting('statement_timeout')::interval BETWEEN interval '1 microsecond'
                         AND interval '{2 * LOCK_TIMEOUT.total_seconds()} s'
                    THEN (extract(epoch FROM current_setting('statement_timeout')::interval) * 500)::int::text
                    ELSE '{LOCK_TIMEOUT // timedelta(milliseconds=1)}' END, true)
"""
"""Bounds waits for locks below the statement timeout, so that 57014 speaks of the statement's own slowness alone."""

_LOCK_DUE = app_ids(f"""
    WITH planned_once AS MATERIALIZED (SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
                                              {_BOUNDED}),
         candidate AS MATERIALIZED (SELECT app_id, due_at, position FROM transition_request, planned_once
                                     WHERE status = 'due' AND due_at <= now()
                                       AND (due_at, position) >= (:start_due_at, :start_position)
                                       AND app_id NOT IN (SELECT unnest(:ids))
                                       AND app_id NOT IN {AT_REST}
                                     ORDER BY due_at, position LIMIT :limit OFFSET :skip),
         locked AS MATERIALIZED (SELECT id FROM app WHERE id = ANY(ARRAY(SELECT app_id FROM candidate))
                                  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED),
         claimed AS MATERIALIZED (SELECT set_config('devcenter.claimed', ARRAY(SELECT id FROM locked)::text, true),
                                         set_config('devcenter.last', coalesce(max(position), 0)::text, true)
                                    FROM candidate JOIN locked ON id = app_id)
    SELECT app_id, id, due_at, position FROM claimed, candidate LEFT JOIN locked ON id = app_id
""")
"""`plan_cache_mode` makes the transaction's statements use generic plans, made once: planning them for each batch would
take longer than a small batch does."""

_LOCK = text(f"""
    WITH locked AS MATERIALIZED (SELECT id FROM app WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED),
         claimed AS MATERIALIZED (SELECT set_config('devcenter.claimed', ARRAY(SELECT id FROM locked)::text, true),
                                         set_config('devcenter.last', '{2**63 - 1}', true),
                                         {_BOUNDED})
    SELECT id FROM claimed, locked
""")

_DUE = text(f"""
    SELECT r.id, r.app_id, r.trigger, r.expected_state, r.expected_version, r.expected_review, r.reasons,
           r.publish_at, r.principal_id, r.role, r.organization_id, r.received_at, r.attempts,
           CASE WHEN r.id IN (SELECT unnest(request_ids) FROM apply_batch)
                THEN (SELECT count(*) FROM apply_batch b WHERE r.id = ANY(b.request_ids)) ELSE 0 END,
           coalesce((SELECT w.rests FROM resting_app w WHERE w.app_id = r.app_id), 0),
           r.role NOT IN ('service', 'schedule')
           AND (p.id IS NULL OR p.removed_at IS NOT NULL OR p.role <> r.role
                OR p.organization_id IS DISTINCT FROM r.organization_id)
      FROM transition_request r
      LEFT JOIN person p ON p.id = r.principal_id
     WHERE r.status = 'due' AND r.due_at <= now() AND r.app_id = {CLAIMED} AND r.app_id NOT IN {AT_REST}
       AND r.position <= NULLIF(current_setting('devcenter.last', true), '')::bigint
     ORDER BY r.position LIMIT :limit
""")
"""The in-flight batches are read once, into a hash. They are counted only for a request that is in one of them, which
is rare: other workers are judging most of them right now. An App may have come to rest after the claim's snapshot was
taken, and before its lock was granted."""

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
    """The place of a request among the due ones: they are ordered by due time, then by acceptance."""

    due_at: datetime
    position: int


FRONT = QueuePosition(datetime.min.replace(tzinfo=UTC), 0)
"""The position before every request."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a claim begins: at `place`, after the next `skip` requests, which are left to other workers."""

    place: QueuePosition = FRONT
    skip: int = 0


FROM_FRONT = Start()


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of one attempt to claim. `apps` are now locked; `skipped` are locked by other workers.

    `seen` is the number of due requests it read; `oldest` and `newest` are the positions of the first and the last.
    """

    apps: frozenset[UUID]
    skipped: frozenset[UUID]
    seen: int = 0
    oldest: QueuePosition = FRONT
    newest: QueuePosition = FRONT


def claim_due_apps(
    session: Session, skipped: Collection[UUID] = (), *, limit: int, start: Start = FROM_FRONT
) -> Callable[[], Claim]:
    """Locks the Apps of up to `limit` due requests, beginning at `start`. Leaves out the Apps in `skipped`.

    Apps that other transactions hold are not waited for, and Apps at rest are passed over. The statement is sent at
    once; the returned function blocks until its result has arrived. Candidates are selected before anything is locked,
    so that LIMIT counts the held ones too and the result names them. A caller that finds a whole page held elsewhere
    claims again with those in `skipped`.

    Sets `plan_cache_mode` for the rest of the transaction: its statements use generic plans, shared by all batches.
    """
    due_at, position = start.place
    begin = {"start_due_at": due_at, "start_position": position, "skip": start.skip}
    rows = session.execute(_LOCK_DUE, {"ids": skipped, "limit": limit} | begin)

    def claimed() -> Claim:
        candidates = list(rows)
        locked = frozenset(app_id for app_id, held, *_ in candidates if held)
        apps = frozenset(app_id for app_id, *_ in candidates)
        places = [QueuePosition(due_at, position) for *_, due_at, position in candidates] or [FRONT]
        return Claim(locked, apps - locked, len(candidates), min(places), max(places))

    return claimed


def claim_app(session: Session, app_id: UUID) -> bool:
    """Locks the App unless another transaction holds it. Returns whether it is now locked; never waits for the lock."""
    return bool(list(session.execute(_LOCK, {"id": app_id})))


def due_requests(session: Session, *, limit: int) -> Iterator[DueRequest]:
    """Returns up to `limit` due requests of the claimed Apps, in order of acceptance, up to the last the claim saw.

    The statement is sent at once; the first read of the iterator blocks until its rows have arrived. It is separate
    from the claim so that its snapshot is taken after the locks were granted and contains everything committed before.
    """
    rows = session.execute(_DUE, {"limit": limit})
    return (_due_request(*row) for row in rows)


def facts_of_claimed(session: Session) -> PendingFacts:
    """Sends the query for the facts of the claimed Apps. The returned function blocks until they have arrived."""
    rows = session.execute(_FACTS)
    return lambda policies: loaded_apps(rows, policies)


def forget_batch(session: Session, batch_id: UUID) -> None:
    """Deletes the marker of a batch in flight, in the transaction that records its outcomes. Does not commit."""
    session.execute(_FORGET_BATCH, {"id": batch_id})


def forget_crashes(session: Session, request_ids: Sequence[UUID]) -> None:
    """Removes requests that now have an outcome from the markers that dead processes left. Does not commit.

    Belongs in the transaction that records the outcome. Deletes the markers that become empty.
    """
    session.execute(_FORGET, {"ids": list(request_ids)})
    session.execute(_FORGET_EMPTY)


def _due_request(
    request_id: UUID,
    app_id: UUID,
    trigger: str,
    expected_state: str | None,
    expected_version: int | None,
    expected_review: int | None,
    given: list[dict[str, Any]],
    publish_at: datetime | None,
    principal_id: UUID,
    role: str,
    organization_id: UUID | None,
    received_at: datetime,
    attempts: int,
    crashes: int,
    rests: int,
    asker_is_gone: bool,
) -> DueRequest:
    reasons = tuple([reason_from(part) for part in given])
    ask = Ask(Actor(principal_id, Role(role), organization_id), reasons, publish_at, received_at)
    return DueRequest(
        id=request_id,
        app_id=app_id,
        trigger=AppTrigger(trigger),
        expected_state=expected_state,
        expected_version=expected_version,
        expected_review=expected_review,
        ask=ask,
        attempts=attempts,
        crashes=crashes,
        rests=rests,
        asker_is_gone=asker_is_gone,
    )
