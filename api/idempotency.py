"""Repeating a creating call with its `Idempotency-Key` gives the first answer again, for 30 days."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import IdempotencyKey
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.sql.locks import LockSpace, lock_names

Answer = tuple[int, dict[str, Any]]


def once(session: Session, actor: Actor, key: str | None, body: Any, make: Callable[[], Answer]) -> Answer:
    """Returns what `make` gives, or the stored answer when this key was used with the same body.

    In the caller's transaction: key and effect are there together or not at all. Raises Conflict
    (`idempotency.mismatch`) for another body. Two calls at once with one key take turns.
    """
    if key is None:
        return make()
    body_hash = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).digest()
    lock_names(session, LockSpace.IDEMPOTENCY, f"{actor.id}:{key}")
    stored = session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.principal_id == actor.id, IdempotencyKey.key == key)
    )
    if stored is not None:
        if bytes(stored.body_hash) != body_hash:
            raise Conflict("idempotency.mismatch", f"The key {key} was used with another body.", "Use a new key.")
        return stored.status_code, stored.answer
    status, answer = make()
    session.execute(
        insert(IdempotencyKey).values(
            principal_id=actor.id,
            key=key,
            body_hash=body_hash,
            status_code=status,
            answer=json.loads(json.dumps(answer, default=str)),
        )
    )
    return status, answer
