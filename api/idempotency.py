"""Idempotency keys: a call that is repeated with its `Idempotency-Key` gets the first answer again, for 30 days.

A secret in an answer is stored encrypted, and is repeated for a few minutes only (`workflow.identity.secrets`).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import IdempotencyKey
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.identity.secrets import Envelope
from workflow.sql.locks import LockSpace, lock_names

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """Names the field of an answer that holds a secret or None, and the envelope that encrypts it."""

    field: str
    envelope: Envelope


def once(
    session: Session,
    actor: Actor,
    key: str | None,
    body: Any,
    make: Callable[[], Answer],
    shown_once: ShownOnce | None = None,
) -> Answer:
    """Returns the result of `make`, or the stored answer if this key was used before with the same body.

    Stores the key in the caller's transaction, together with what `make` does. Locks the key, so that concurrent calls
    with the same key take turns. Raises Conflict (`idempotency.mismatch`) if the key was used with another body.
    """
    if key is None:
        return make()
    body_hash = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).digest()
    lock_names(session, LockSpace.IDEMPOTENCY, f"{actor.id}:{key}")
    found = session.execute(
        select(IdempotencyKey, func.now()).where(IdempotencyKey.principal_id == actor.id, IdempotencyKey.key == key)
    ).one_or_none()
    if found is not None:
        stored, now = found
        if bytes(stored.body_hash) != body_hash:
            raise Conflict("idempotency.mismatch", f"The key {key} was used with another body.", "Use a new key.")
        if shown_once is None:
            return stored.status_code, stored.answer
        secret = shown_once.envelope.reopen(stored.answer.get(shown_once.field), now - stored.created_at)
        return stored.status_code, {**stored.answer, shown_once.field: secret}
    status, answer = make()
    session.execute(
        insert(IdempotencyKey).values(
            principal_id=actor.id,
            key=key,
            body_hash=body_hash,
            status_code=status,
            answer=json.loads(json.dumps(_sealed(answer, shown_once), default=str)),
        )
    )
    return status, answer


def _sealed(answer: dict[str, Any], shown_once: ShownOnce | None) -> dict[str, Any]:
    if shown_once is None or answer[shown_once.field] is None:
        return answer
    return {**answer, shown_once.field: shown_once.envelope.seal(answer[shown_once.field])}
