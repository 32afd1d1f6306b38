"""One transition in one transaction, in plain SQL: writes the same rows under the same constraints as the service.

It loads no facts, judges no rules and computes no hashes, which favours the reference.
"""

import re
from typing import Any

import psycopg

LOCK = "SELECT state, version FROM app WHERE id = :app_id FOR NO KEY UPDATE"

TARGET = {"suspend": "suspended", "reinstate": "public_beta"}

WRITES = (
    "UPDATE app SET state = :target, version = :version + 1 WHERE id = :app_id",
    """
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, from_open_kind, open_kind,
                            from_open_review, open_review, from_published, published, actor_id, actor_role,
                            policy_version, request_id, at, reason_commitment, hash)
    VALUES (:app_id, :version + 1, :state, :trigger, :target, 'none', 'none', 0, 0, 2, 2, :actor_id, 'admin', 1,
            :request_id, now(), sha256(''), sha256(''))
    """,
    """
    INSERT INTO transition_reason (app_id, version, salt, reasons)
    VALUES (:app_id, :version + 1, sha256(''), '[{"code": "other", "text": "bench"}]')
    """,
    """
    UPDATE transition_request
       SET status = 'applied', version = :version + 1, policy_version = 1, reasons = '[]', finished_at = now()
     WHERE id = :request_id
    """,
    """
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, due_at)
    SELECT uuidv7(), CAST(:kind AS text), 'transition:' || a.id || ':' || a.version || ':' || CAST(:kind AS text), a.id,
           a.version, p.id, now()
      FROM app a JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL
     WHERE a.id = :app_id
    """,
)

FIND = """
    SELECT id AS request_id, app_id, trigger, principal_id AS actor_id FROM transition_request WHERE id = :request_id
"""


def for_psycopg(statement: str) -> str:
    """Returns the statement with psycopg's placeholders."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)


def apply_one(connection: "psycopg.Connection[dict[str, Any]]", request_id: str) -> None:
    """Applies one request in a transaction of its own. `connection` must return rows as dictionaries."""
    with connection.transaction():
        found = connection.execute(_FIND, {"request_id": request_id}).fetchone() or {}
        found |= connection.execute(_LOCK, found).fetchone() or {}
        for statement in _WRITES:
            connection.execute(statement, found | derived(found["trigger"]))


async def apply_one_async(connection: "psycopg.AsyncConnection[dict[str, Any]]", request_id: str) -> None:
    """Like `apply_one`, for an event loop."""
    async with connection.transaction():
        found = await (await connection.execute(_FIND, {"request_id": request_id})).fetchone() or {}
        found |= await (await connection.execute(_LOCK, found)).fetchone() or {}
        for statement in _WRITES:
            await connection.execute(statement, found | derived(found["trigger"]))


def derived(trigger: str) -> dict[str, str]:
    """Returns the state that the trigger leads to, and the kind of its notification."""
    return {"target": TARGET[trigger], "kind": "suspended" if trigger == "suspend" else "reinstated"}


_FIND, _LOCK = for_psycopg(FIND), for_psycopg(LOCK)
_WRITES = tuple(for_psycopg(statement) for statement in WRITES)
