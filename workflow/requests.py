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

from models import TransitionRequest
from models.base import new_id
from models.lifecycle import APP_EDGES, AppTrigger, Role
from models.request import RequestSource
from workflow.actors import Actor
from workflow.columns import Bytes, Integers, Texts, Uuids, statement
from workflow.errors import Conflict, Forbidden, Invalid, NotFound, WorkflowError
from workflow.facts import Reason
from workflow.reviewing.saved_reasons import filled_in, saved_reasons_named

LONGEST_WAIT = timedelta(days=90)
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
class Times:
    """When a request was received and when it is due, by the database's clock."""

    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
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
    session: Session, wanted: Sequence[Wanted], actor: Actor, source: RequestSource
) -> list[Accepted | WorkflowError]:
    """Takes each of `wanted` in, or says why not, in the same order. Does not commit: the answer holds after COMMIT.

    An App of another company is not found; a trigger that is not for the actor's role is forbidden; a key used with
    another body is a conflict; one that would wait for longer than LONGEST_WAIT is invalid. Saved reasons are filled
    in with the words that count now. A constant number of statements, however many are wanted.
    """
    apps = _visible_apps(session, {one.app for one in wanted}, actor)
    latest = session.scalar(select(func.now() + LONGEST_WAIT)) if any(one.not_before for one in wanted) else None
    answers: list[Accepted | WorkflowError | None] = [_refusal(one, apps, actor, latest) for one in wanted]
    reasons = _fill_in(session, wanted, answers, actor)
    rows: dict[int, dict[str, Any]] = {}
    by_key: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for index, one in enumerate(wanted):
        if answers[index] is not None:
            continue
        if one.idempotency_key is not None and one.idempotency_key in by_key:
            repeats[index] = by_key[one.idempotency_key]
            continue
        if one.idempotency_key is not None:
            by_key[one.idempotency_key] = index
        rows[index] = _row(one, apps[one.app], reasons[index])
    new = _insert(session, rows, actor, source)
    stored = _known(session, [row["idempotency_key"] for row in rows.values() if row["id"] not in new], actor)
    for index, row in rows.items():
        answers[index] = _answer(wanted[index], row, stored, new.get(row["id"]))
    for index, first in repeats.items():
        answers[index] = _answer(wanted[index], rows[first], stored, None)
    return [answer for answer in answers if answer is not None]


def was_asked(session: Session, key: str | None, actor: Actor) -> bool:
    """Gives whether the actor has used the idempotency key before: asking with it again is only a repeat."""
    return key is not None and bool(_known(session, [key], actor))


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


def _visible_apps(session: Session, slugs: set[str], actor: Actor) -> dict[str, UUID]:
    of = {"sees_all": actor.role is not Role.PARTNER, "organization_id": actor.organization_id}
    return {row.slug: row.id for row in session.execute(_VISIBLE, {"slugs": list(slugs)} | of)}


_VISIBLE = statement(
    """
    SELECT slug, id FROM app
     WHERE slug = ANY(:slugs) AND (:sees_all OR organization_id = CAST(:organization_id AS uuid))
    """,
    slugs=Texts(),
)


_ROLES_OF = {
    trigger: frozenset[Role]().union(*(edge.roles for edge in APP_EDGES if edge.trigger == trigger))
    for trigger in AppTrigger
}


def _refusal(one: Wanted, apps: dict[str, UUID], actor: Actor, latest: datetime | None) -> WorkflowError | None:
    if one.app not in apps:
        return NotFound("app.not_found", f"There is no App {one.app} that you may see.", "Check the slug.")
    if one.trigger is AppTrigger.CREATE or actor.role not in _ROLES_OF[one.trigger]:
        return Forbidden(
            "trigger.forbidden",
            f"A {actor.role} may not ask for {one.trigger}.",
            f"It is for: {', '.join(sorted(_ROLES_OF[one.trigger]))}.",
        )
    if one.not_before and latest and (one.not_before > latest or one.not_before.year < FIRST_YEAR):
        return Invalid(
            "not_before.out_of_bounds",
            f"not_before is {one.not_before.isoformat()}; a request waits for at most {LONGEST_WAIT.days} days.",
            f"Give a time until {latest:%Y-%m-%d}, or none to have it judged at once.",
        )
    return None


def _fill_in(
    session: Session, wanted: Sequence[Wanted], answers: list[Accepted | WorkflowError | None], actor: Actor
) -> list[tuple[Reason, ...]]:
    """Gives each one's reasons with their words. One that names no known saved reason is answered with why not.

    Unless it repeats what was accepted while the reason was known.
    """
    saved = saved_reasons_named(session, (reason for one in wanted for reason in one.reasons))
    reasons: list[tuple[Reason, ...]] = []
    unknown: dict[int, Invalid] = {}
    for index, one in enumerate(wanted):
        try:
            reasons.append(filled_in(one.reasons, saved, actor))
        except Invalid as error:
            reasons.append(())
            unknown[index] = error
    known = _known(session, [key for index in unknown if (key := wanted[index].idempotency_key)], actor)
    for index, why in unknown.items():
        if answers[index] is None:
            repeats = wanted[index].idempotency_key in known
            answers[index] = _answer(wanted[index], {}, known, None) if repeats else why
    return reasons


def _row(one: Wanted, app_id: UUID, reasons: tuple[Reason, ...]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "app_id": app_id,
        "trigger": one.trigger.value,
        "expected_state": one.expected_state,
        "expected_version": one.expected_version,
        "reasons": json.dumps([reason.as_dict() for reason in reasons]) if reasons else "[]",
        "idempotency_key": one.idempotency_key,
        "body_hash": one.body_hash,
        "not_before": one.not_before.isoformat() if one.not_before else None,
    }


_INSERT = statement(
    """
    INSERT INTO transition_request (id, app_id, trigger, expected_state, expected_version, reasons, idempotency_key,
                                    body_hash, due_at, source, principal_id, role, organization_id)
    SELECT id, app_id, trigger, expected_state, expected_version, reasons::jsonb, idempotency_key, body_hash,
           greatest(not_before::timestamptz, now()), :source, :principal_id, :role, CAST(:organization_id AS uuid)
      FROM unnest(:ids, :app_ids, :triggers, :expected_states, :expected_versions, :reasons_texts, :idempotency_keys,
                  :body_hashes, :not_befores)
        AS row (id, app_id, trigger, expected_state, expected_version, reasons, idempotency_key, body_hash, not_before)
    ON CONFLICT ON CONSTRAINT transition_request_idempotency_key DO NOTHING
    RETURNING id, received_at, due_at
    """,
    ids=Uuids(),
    app_ids=Uuids(),
    triggers=Texts(),
    expected_states=Texts(),
    expected_versions=Integers(),
    reasons_texts=Texts(),
    idempotency_keys=Texts(),
    body_hashes=Bytes(),
    not_befores=Texts(),
)


_COLUMNS = {
    "id": "ids",
    "app_id": "app_ids",
    "trigger": "triggers",
    "expected_state": "expected_states",
    "expected_version": "expected_versions",
    "reasons": "reasons_texts",
    "idempotency_key": "idempotency_keys",
    "body_hash": "body_hashes",
    "not_before": "not_befores",
}
"""The parameter that holds each part of all rows."""


def _asked_by(actor: Actor, source: RequestSource) -> dict[str, Any]:
    return {
        "source": source.value,
        "principal_id": actor.id,
        "role": actor.role.value,
        "organization_id": actor.organization_id,
    }


def _insert(
    session: Session, rows: dict[int, dict[str, Any]], actor: Actor, source: RequestSource
) -> dict[UUID, Times]:
    """Inserts what is new, and gives its times by id: not those of rows whose key was there before."""
    if not rows:
        return {}
    columns = {column: [row[name] for row in rows.values()] for name, column in _COLUMNS.items()}
    new = session.execute(_INSERT, columns | _asked_by(actor, source))
    return {request_id: Times(received_at, due_at) for request_id, received_at, due_at in new}


def _known(session: Session, keys: Sequence[str], actor: Actor) -> dict[str, tuple[UUID, bytes]]:
    """Gives id and body hash by key for those of the actor's `keys` that were used before."""
    if not keys:
        return {}
    known = session.execute(
        select(TransitionRequest.idempotency_key, TransitionRequest.id, TransitionRequest.body_hash).where(
            TransitionRequest.principal_id == actor.id, TransitionRequest.idempotency_key.in_(keys)
        )
    )
    return {key: (request_id, bytes(body_hash)) for key, request_id, body_hash in known if key is not None}


def _answer(
    one: Wanted, row: dict[str, Any], stored: dict[str, tuple[UUID, bytes]], times: Times | None
) -> Accepted | WorkflowError:
    if times is not None:
        return Accepted(row["id"], times)
    before = stored.get(one.idempotency_key) if one.idempotency_key else None
    request_id, body_hash = before or (row["id"], row["body_hash"])
    if body_hash != one.body_hash:
        return Conflict(
            "idempotency.mismatch",
            f"The idempotency key {one.idempotency_key} was used with another body.",
            "Use a new key for a new request.",
        )
    return Accepted(request_id)
