"""Accepts transition requests. HTTP, messages and the schedule all store the same rows, keyed by idempotency key."""

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
from models.lifecycle import APP_EDGES, BIRTHS, AppTrigger, Role
from models.request import RequestSource
from workflow.catalog.planning import problem_with_day
from workflow.errors import Conflict, Forbidden, Invalid, NotFound, WorkflowError
from workflow.identity.actors import Actor
from workflow.reasons import Reason, filled_in, misused_code, saved_reasons_named
from workflow.sql.arrays import Bytes, Integers, Texts, Uuids, statement

MAX_WAIT = timedelta(days=90)
"""How far in the future `not_before` may lie. It is bounded because the asker should still be there, and remember."""
MIN_YEAR = 2000


_canonical = json.JSONEncoder(sort_keys=True).encode
"""Built once: constructing an encoder takes longer than encoding a body."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One transition that somebody asks for. It is not judged before `not_before`, an aware datetime.

    The request is refused unless the App is in `expected_state` and at `expected_version`, and the open review is the
    one that was opened at version `expected_review` (0: none is open), where these are given. `state_when_asked` is
    expected where no `expected_state` is given. It is no part of what was asked, so a repetition may have another.
    What an approval publishes is shown from `publish_at` on, at once if that is None.
    """

    app: str
    trigger: AppTrigger
    idempotency_key: str | None = None
    expected_state: str | None = None
    not_before: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    expected_version: int | None = None
    expected_review: int | None = None
    state_when_asked: str | None = None
    publish_at: datetime | None = None

    @property
    def body_hash(self) -> bytes:
        """The SHA-256 of the canonical body, which tells whether a repeated key comes with the same body."""
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
        if self.expected_review is not None:
            body["expected_review"] = self.expected_review
        if self.publish_at is not None:
            body["publish_at"] = self.publish_at.timestamp()
        return hashlib.sha256(_canonical(body).encode()).digest()


@dataclass(frozen=True, slots=True)
class CallerRequest:
    """One transition that one actor asks for."""

    actor: Actor
    wanted: Wanted

    @property
    def key(self) -> tuple[UUID, str] | None:
        """The pair by which a repetition is recognised; None without an idempotency key."""
        key = self.wanted.idempotency_key
        return None if key is None else (self.actor.id, key)


@dataclass(frozen=True, slots=True)
class Times:
    """When a request was received and when it is due, by the database's clock."""

    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request that will be judged, or that was accepted before under the same key.

    A new request has `times` and is due; everything else about it is what was asked for. A repeated one has none,
    because it may have been judged since: read its row.
    """

    id: UUID
    times: Times | None = None

    @property
    def repeated(self) -> bool:
        """Whether a request with this key was accepted before."""
        return self.times is None


def accept_requests(
    session: Session, asked: Sequence[CallerRequest], source: RequestSource
) -> list[AcceptedRequest | WorkflowError]:
    """Accepts each of `asked`, in that order. Returns for each the accepted request or its error. Does not commit.

    The error is Forbidden for a trigger that is not for the actor's role and for a caller who is gone, Invalid for a
    request that would wait longer than MAX_WAIT, names an unknown saved reason or a day that cannot be planned, or
    gives a reserved code (`urgent`, `only_reinstated`) for a trigger that it is not for, NotFound for an App that the
    actor may not see, and Conflict for a key that was used with another body. Saved reasons are filled in with their
    current text. Requests by HTTP also get an audit entry, as every state-changing call does.

    One statement writes everything; after it, only what was not new is looked up. So a single request may be accepted
    on a session in autocommit mode.
    """
    now = None
    if any(one.wanted.not_before or one.wanted.publish_at for one in asked):
        now = session.scalar(select(func.now()))
    answers: list[AcceptedRequest | WorkflowError | None] = [refusal_of(one, now) for one in asked]
    reasons = _fill_in(session, asked, answers)
    rows = {index: _Row(new_id(), one, reasons[index]) for index, one in enumerate(asked) if answers[index] is None}
    new = _insert(session, list(rows.values()), source)
    stored = _stored(session, [row.asked.key for row in rows.values() if row.id not in new])
    return [answers[index] or new.get(rows[index].id) or _answer(one, stored) for index, one in enumerate(asked)]


def was_asked(session: Session, key: str | None, actor: Actor) -> bool:
    """Returns whether the actor has used the idempotency key before, so that asking again only repeats a request."""
    return key is not None and bool(_stored(session, [(actor.id, key)]))


def replay_request(session: Session, request_id: UUID) -> None:
    """Makes a dead request due again, with all its attempts and a new position in the order of acceptance.

    Does not commit. Raises NotFound when no dead request has this id.
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


def refusal_of(one: CallerRequest, now: datetime | None) -> WorkflowError | None:
    """Returns why a request cannot be accepted whatever its App is like, None if it can. Pure.

    `now` may be None only for a request without `not_before` and `publish_at`.
    """
    wanted, role = one.wanted, one.actor.role
    latest = now + MAX_WAIT if now else None
    if wanted.trigger in BIRTHS or role not in _ROLES_OF[wanted.trigger]:
        return Forbidden(
            "trigger.forbidden",
            f"A {role} may not ask for {wanted.trigger}.",
            f"It is for: {', '.join(sorted(_ROLES_OF[wanted.trigger]))}.",
        )
    if wanted.not_before and latest and (wanted.not_before > latest or wanted.not_before.year < MIN_YEAR):
        return Invalid(
            "not_before.out_of_bounds",
            f"not_before is {wanted.not_before.isoformat()}; a request waits for at most {MAX_WAIT.days} days.",
            f"Give a time no later than {latest:%Y-%m-%d}, or leave it out to have the request judged at once.",
        )
    misused = misused_code(wanted.reasons, wanted.trigger)
    return misused or (_refusal_of_day(wanted, now) if wanted.publish_at and now else None)


def _refusal_of_day(wanted: Wanted, now: datetime) -> WorkflowError | None:
    if wanted.publish_at is None or wanted.trigger is AppTrigger.APPROVE:
        return problem_with_day(wanted.publish_at, now) if wanted.publish_at else None
    return Invalid(
        "publish_at.not_an_approval",
        f"{wanted.trigger} publishes nothing, so it names no day of publication.",
        "Leave publish_at out.",
    )


def _fill_in(
    session: Session, asked: Sequence[CallerRequest], answers: list[AcceptedRequest | WorkflowError | None]
) -> list[tuple[Reason, ...]]:
    """Returns the reasons of each request, with the text of saved reasons filled in.

    Puts an Invalid into `answers` for a request that names an unknown saved reason, unless the request repeats one
    that was accepted while the reason existed: that gets the answer of a repetition.
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
    """A request to be stored: its id, what was asked for, and the reasons with their text."""

    id: UUID
    asked: CallerRequest
    reasons: tuple[Reason, ...]


_INSERT = statement(
    """
    WITH asked AS (
        SELECT asked.*, app.id AS app_id
          FROM unnest(:ids, :apps, :triggers, :expected_states, :expected_versions, :expected_reviews, :reasons_texts,
                      :idempotency_keys, :body_hashes, :not_befores, :publish_ats, :principal_ids, :roles,
                      :organization_ids, :token_ids) WITH ORDINALITY
            AS asked (id, app, trigger, expected_state, expected_version, expected_review, reasons, idempotency_key,
                      body_hash, not_before, publish_at, principal_id, role, organization_id, token_id, number)
          JOIN app ON app.slug = asked.app
                  AND (asked.role <> 'partner' OR app.organization_id = asked.organization_id)
           FOR KEY SHARE OF app
    ), person_there AS MATERIALIZED (
        SELECT id, role, organization_id FROM person
         WHERE removed_at IS NULL AND id = ANY(ARRAY(SELECT principal_id FROM asked WHERE token_id IS NOT NULL))
         ORDER BY id FOR SHARE
    ), token_there AS MATERIALIZED (
        SELECT id, person_id, service_id FROM api_token
         WHERE id = ANY(:token_ids) AND revoked_at IS NULL AND expires_at > now()
    ), wanted AS (
        SELECT asked.* FROM asked
          LEFT JOIN token_there t ON t.id = asked.token_id
          LEFT JOIN person_there p ON p.id = t.person_id AND p.role = asked.role
                                  AND p.organization_id IS NOT DISTINCT FROM asked.organization_id
         WHERE asked.token_id IS NULL OR t.service_id IS NOT NULL OR p.id IS NOT NULL
    ), new AS (
        INSERT INTO transition_request (id, app_id, trigger, expected_state, expected_version, expected_review,
                                        reasons, idempotency_key, body_hash, due_at, publish_at, source,
                                        principal_id, role, organization_id)
        SELECT id, app_id, trigger, expected_state, expected_version, expected_review, reasons::jsonb,
               idempotency_key, body_hash, greatest(not_before::timestamptz, now()), publish_at::timestamptz, :source,
               principal_id, role, organization_id
          FROM wanted ORDER BY number
        ON CONFLICT ON CONSTRAINT transition_request_idempotency_key DO NOTHING
        RETURNING id
    ), noted AS (
        INSERT INTO audit_entry (actor_id, actor_role, action, target, detail)
        SELECT principal_id, role, 'transition.request', id, jsonb_build_object('app', app, 'trigger', trigger)
          FROM asked JOIN new USING (id) WHERE :source = 'http' ORDER BY number
    )
    SELECT now(), array_agg(id), ARRAY(SELECT id FROM asked WHERE id NOT IN (SELECT id FROM wanted)) FROM new
    """,
    ids=Uuids(),
    apps=Texts(),
    triggers=Texts(),
    expected_states=Texts(),
    expected_versions=Integers(),
    expected_reviews=Integers(),
    reasons_texts=Texts(),
    idempotency_keys=Texts(),
    body_hashes=Bytes(),
    not_befores=Texts(),
    publish_ats=Texts(),
    principal_ids=Uuids(),
    roles=Texts(),
    organization_ids=Uuids(),
    token_ids=Uuids(),
)
"""One statement for everything, because a single request would otherwise take five round trips to the database.

The Apps are locked first, as the foreign key would lock them later: whoever is waited for, the callers are looked at
after that. A person's row is locked for share, so that whoever removes them waits; a service is only looked at.

When a key occurs twice, the first request with it whose App the actor may see is the new one."""


def _gone() -> Forbidden:
    detail = "The caller was removed, or the token was revoked, while the call was under way."
    return Forbidden("token.revoked", detail, "Ask an admin for a new token.")


def _insert(
    session: Session, rows: Sequence[_Row], source: RequestSource
) -> dict[UUID, AcceptedRequest | WorkflowError]:
    """Inserts the new requests and returns them by id, and Forbidden for those whose caller is gone.

    Leaves out a used key, and an App that the actor may not see.
    """
    if not rows:
        return {}
    actors, wanted = [row.asked.actor for row in rows], [row.asked.wanted for row in rows]
    now, new, gone = session.execute(
        _INSERT,
        {
            "ids": [row.id for row in rows],
            "apps": [one.app for one in wanted],
            "triggers": [one.trigger.value for one in wanted],
            "expected_states": [one.expected_state or one.state_when_asked for one in wanted],
            "expected_versions": [one.expected_version for one in wanted],
            "expected_reviews": [one.expected_review for one in wanted],
            "reasons_texts": [_reasons_text(row.reasons) for row in rows],
            "idempotency_keys": [one.idempotency_key for one in wanted],
            "body_hashes": [one.body_hash for one in wanted],
            "not_befores": [one.not_before.isoformat() if one.not_before else None for one in wanted],
            "publish_ats": [one.publish_at.isoformat() if one.publish_at else None for one in wanted],
            "principal_ids": [actor.id for actor in actors],
            "roles": [actor.role.value for actor in actors],
            "organization_ids": [actor.organization_id for actor in actors],
            "token_ids": [actor.token_id for actor in actors],
            "source": source.value,
        },
    ).one()
    due = {row.id: row.asked.wanted.not_before for row in rows}
    accepted = {
        request_id: AcceptedRequest(request_id, Times(now, max(now, due[request_id] or now)))
        for request_id in new or ()
    }
    return {**accepted, **{request_id: _gone() for request_id in gone}}


def _reasons_text(reasons: Sequence[Reason]) -> str:
    return json.dumps([reason.as_dict() for reason in reasons]) if reasons else "[]"


_Stored = dict[tuple[UUID, str], tuple[UUID, bytes]]
"""Request id and body hash, by principal and idempotency key."""


def _stored(session: Session, keys: Sequence[tuple[UUID, str] | None]) -> _Stored:
    """Returns what is stored under `keys`, with one query, or with none when all of them are None."""
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
    """Returns the answer for a request that is not new: an error, or the request that was accepted before."""
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
