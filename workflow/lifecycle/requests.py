"""Taking transition requests in: every door (HTTP, message, schedule) ends in the same rows, by idempotency key."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.base import new_id
from models.lifecycle import APP_EDGES, AppTrigger, Role
from models.request import RequestSource
from workflow.errors import Conflict, Forbidden, Invalid, NotFound, WorkflowError
from workflow.identity.actors import Actor
from workflow.reasons import Reason, filled_in, saved_reasons_named
from workflow.sql.arrays import Bytes, Integers, Texts, Uuids, statement

MAX_WAIT = timedelta(days=90)
"""How far ahead `not_before` may lie: who asked must still be there, and know of it."""
FIRST_YEAR = 2000


_canonical = json.JSONEncoder(sort_keys=True).encode
"""Made once: to make an encoder takes longer than a body does."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One transition that somebody asks for. `not_before` (aware) keeps it from being judged earlier.

    It is refused when the App is not in `expected_state`, or has moved on from `expected_version`.
    """

    app: str
    trigger: AppTrigger
    idempotency_key: str | None = None
    expected_state: str | None = None
    not_before: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    expected_version: int | None = None

    @property
    def body_hash(self) -> bytes:
        """The SHA-256 of the canonical body, by which a repeated key is known to ask for the same."""
        body: dict[str, Any] = {
            "app": self.app,
            "trigger": self.trigger.value,
            "expected_state": self.expected_state,
            "not_before": self.not_before.timestamp() if self.not_before else None,
            "reasons": [
                [reason.code, reason.text, reason.where, *(["saved"] if reason.saved else [])]
                for reason in self.reasons
            ],
        }
        if self.expected_version is not None:
            body["expected_version"] = self.expected_version
        return hashlib.sha256(_canonical(body).encode()).digest()


@dataclass(frozen=True, slots=True)
class CallerRequest:
    """What one actor asks for."""

    actor: Actor
    wanted: Wanted

    @property
    def key(self) -> tuple[UUID, str] | None:
        """What a repetition is known by."""
        key = self.wanted.idempotency_key
        return None if key is None else (self.actor.id, key)


@dataclass(frozen=True, slots=True)
class Times:
    """When a request was received and when it is due, by the database's clock."""

    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request that will be judged.

    `times` are those of a new one, which is due, and otherwise what was asked for. What became of a repeated one since
    is to be read.
    """

    id: UUID
    times: Times | None = None

    @property
    def repeated(self) -> bool:
        """Whether this key had been accepted before."""
        return self.times is None


def accept_requests(
    session: Session, asked: Sequence[CallerRequest], source: RequestSource
) -> list[AcceptedRequest | WorkflowError]:
    """Takes each of `asked` in, or says why not, in the same order, which is that of their acceptance. Does not commit.

    A trigger that is not for the actor's role is forbidden; one that would wait for longer than MAX_WAIT is
    invalid; an App of another company is not found; a key used with another body is a conflict. Saved reasons are
    filled in with the words that count now. What comes by HTTP is noted in the audit, as all that is asked of an API.

    All is written with one statement, and after it only what was not new is looked up: a single request may be taken
    in on a session that commits each statement.
    """
    latest = None
    if any(one.wanted.not_before for one in asked):
        latest = session.scalar(select(func.now() + MAX_WAIT))
    answers: list[AcceptedRequest | WorkflowError | None] = [_refusal(one, latest) for one in asked]
    reasons = _fill_in(session, asked, answers)
    rows = {index: _Row(new_id(), one, reasons[index]) for index, one in enumerate(asked) if answers[index] is None}
    new = _insert(session, list(rows.values()), source)
    stored = _stored(session, [row.asked.key for row in rows.values() if row.id not in new])
    return [answers[index] or new.get(rows[index].id) or _answer(one, stored) for index, one in enumerate(asked)]


def was_asked(session: Session, key: str | None, actor: Actor) -> bool:
    """Returns whether the actor has used the idempotency key before: asking with it again is only a repeat."""
    return key is not None and bool(_stored(session, [(actor.id, key)]))


def replay_request(session: Session, request_id: UUID) -> None:
    """Makes a dead request due again: a new acceptance, with tries and a position of its own. Does not commit.

    Raises NotFound when there is no such dead request.
    """
    found = session.scalar(
        text("""
            UPDATE transition_request
               SET status = 'due', attempts = 0, finished_at = NULL, due_at = now(), position = DEFAULT
             WHERE id = :id AND status = 'dead' RETURNING id
        """),
        {"id": request_id},
    )
    if found is None:
        raise NotFound("dead.not_found", f"No dead transition request has the id {request_id}.", "List the dead rows.")


_ROLES_OF = {
    trigger: frozenset[Role]().union(*(edge.roles for edge in APP_EDGES if edge.trigger == trigger))
    for trigger in AppTrigger
}


def _refusal(one: CallerRequest, latest: datetime | None) -> WorkflowError | None:
    wanted, role = one.wanted, one.actor.role
    if wanted.trigger is AppTrigger.CREATE or role not in _ROLES_OF[wanted.trigger]:
        return Forbidden(
            "trigger.forbidden",
            f"A {role} may not ask for {wanted.trigger}.",
            f"It is for: {', '.join(sorted(_ROLES_OF[wanted.trigger]))}.",
        )
    if wanted.not_before and latest and (wanted.not_before > latest or wanted.not_before.year < FIRST_YEAR):
        return Invalid(
            "not_before.out_of_bounds",
            f"not_before is {wanted.not_before.isoformat()}; a request waits for at most {MAX_WAIT.days} days.",
            f"Give a time until {latest:%Y-%m-%d}, or none to have it judged at once.",
        )
    return None


def _fill_in(
    session: Session, asked: Sequence[CallerRequest], answers: list[AcceptedRequest | WorkflowError | None]
) -> list[tuple[Reason, ...]]:
    """Returns each one's reasons with their words. One that names no known saved reason is answered with why not.

    Unless it repeats what was accepted while the reason was known.
    """
    saved = saved_reasons_named(session, (reason for one in asked for reason in one.wanted.reasons))
    reasons: list[tuple[Reason, ...]] = []
    unknown: dict[int, Invalid] = {}
    for index, one in enumerate(asked):
        try:
            reasons.append(filled_in(one.wanted.reasons, saved, one.actor))
        except Invalid as error:
            reasons.append(())
            unknown[index] = error
    stored = _stored(session, [asked[index].key for index in unknown])
    for index, why in unknown.items():
        if answers[index] is None:
            answers[index] = _answer(asked[index], stored) if asked[index].key in stored else why
    return reasons


@dataclass(frozen=True, slots=True)
class _Row:
    """What is to be stored: the request's id, what was asked for, and the reasons with their words."""

    id: UUID
    asked: CallerRequest
    reasons: tuple[Reason, ...]


_INSERT = statement(
    """
    WITH asked AS (
        SELECT asked.*, app.id AS app_id
          FROM unnest(:ids, :apps, :triggers, :expected_states, :expected_versions, :reasons_texts, :idempotency_keys,
                      :body_hashes, :not_befores, :principal_ids, :roles, :organization_ids) WITH ORDINALITY
            AS asked (id, app, trigger, expected_state, expected_version, reasons, idempotency_key, body_hash,
                      not_before, principal_id, role, organization_id, number)
          JOIN app ON app.slug = asked.app
                  AND (asked.role <> 'partner' OR app.organization_id = asked.organization_id)
    ), new AS (
        INSERT INTO transition_request (id, app_id, trigger, expected_state, expected_version, reasons,
                                        idempotency_key, body_hash, due_at, source, principal_id, role,
                                        organization_id)
        SELECT id, app_id, trigger, expected_state, expected_version, reasons::jsonb, idempotency_key, body_hash,
               greatest(not_before::timestamptz, now()), :source, principal_id, role, organization_id
          FROM asked ORDER BY number
        ON CONFLICT ON CONSTRAINT transition_request_idempotency_key DO NOTHING
        RETURNING id
    ), noted AS (
        INSERT INTO audit_entry (actor_id, actor_role, action, target, detail)
        SELECT principal_id, role, 'transition.request', id, jsonb_build_object('app', app, 'trigger', trigger)
          FROM asked JOIN new USING (id) WHERE :source = 'http' ORDER BY number
    )
    SELECT now(), array_agg(id) FROM new
    """,
    ids=Uuids(),
    apps=Texts(),
    triggers=Texts(),
    expected_states=Texts(),
    expected_versions=Integers(),
    reasons_texts=Texts(),
    idempotency_keys=Texts(),
    body_hashes=Bytes(),
    not_befores=Texts(),
    principal_ids=Uuids(),
    roles=Texts(),
    organization_ids=Uuids(),
)
"""Everything at once, or an API would wait for the database five times as often for a request that comes alone.

Of a key that is there twice, the first whose App can be seen is new."""


def _insert(session: Session, rows: Sequence[_Row], source: RequestSource) -> dict[UUID, AcceptedRequest]:
    """Inserts what is new, and returns it by id: not rows whose key was there before or whose App cannot be seen."""
    if not rows:
        return {}
    actors, wanted = [row.asked.actor for row in rows], [row.asked.wanted for row in rows]
    now, new = session.execute(
        _INSERT,
        {
            "ids": [row.id for row in rows],
            "apps": [one.app for one in wanted],
            "triggers": [one.trigger.value for one in wanted],
            "expected_states": [one.expected_state for one in wanted],
            "expected_versions": [one.expected_version for one in wanted],
            "reasons_texts": [_reasons_text(row.reasons) for row in rows],
            "idempotency_keys": [one.idempotency_key for one in wanted],
            "body_hashes": [one.body_hash for one in wanted],
            "not_befores": [one.not_before.isoformat() if one.not_before else None for one in wanted],
            "principal_ids": [actor.id for actor in actors],
            "roles": [actor.role.value for actor in actors],
            "organization_ids": [actor.organization_id for actor in actors],
            "source": source.value,
        },
    ).one()
    due = {row.id: row.asked.wanted.not_before for row in rows}
    return {
        request_id: AcceptedRequest(request_id, Times(now, max(now, due[request_id] or now)))
        for request_id in new or ()
    }


def _reasons_text(reasons: Sequence[Reason]) -> str:
    return json.dumps([reason.as_dict() for reason in reasons]) if reasons else "[]"


_Stored = dict[tuple[UUID, str], tuple[UUID, bytes]]
"""Id and body hash by who asked and the key."""


def _stored(session: Session, keys: Sequence[tuple[UUID, str] | None]) -> _Stored:
    """Returns what is stored under `keys`: one query, none when all are None."""
    used = [key for key in keys if key is not None]
    if not used:
        return {}
    principal_ids, texts = zip(*used, strict=True)
    rows = session.execute(_STORED, {"principal_ids": principal_ids, "idempotency_keys": texts})
    return {(principal_id, key): (request_id, bytes(body_hash)) for principal_id, key, request_id, body_hash in rows}


_STORED = statement(
    """
    SELECT r.principal_id, r.idempotency_key, r.id, r.body_hash
      FROM unnest(:principal_ids, :idempotency_keys) AS wanted (principal_id, idempotency_key)
      JOIN transition_request r USING (principal_id, idempotency_key)
    """,
    principal_ids=Uuids(),
    idempotency_keys=Texts(),
)


def _answer(one: CallerRequest, stored: _Stored) -> AcceptedRequest | WorkflowError:
    """Returns the answer about what is not new."""
    found = stored.get(one.key) if one.key else None
    if found is None:
        return NotFound("app.not_found", f"There is no App {one.wanted.app} that you may see.", "Check the slug.")
    request_id, body_hash = found
    if body_hash != one.wanted.body_hash:
        return Conflict(
            "idempotency.mismatch",
            f"The idempotency key {one.wanted.idempotency_key} was used with another body.",
            "Use a new key for a new request.",
        )
    return AcceptedRequest(request_id)
