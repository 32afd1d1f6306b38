"""The tamper-evident history: an HMAC chain over each App's log, and salted commitments to erasable reasons."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder
from typing import Any
from uuid import UUID

FORMAT = b"\x01"
"""The version of the canonical form, hashed with every row."""
NO_HASH = bytes(32)
"""The previous hash of an App's first row."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """The columns of a transition that its hash covers."""

    app_id: UUID
    version: int
    from_state: str
    trigger: str
    to_state: str
    actor_id: UUID
    actor_role: str
    policy_version: int
    request_id: UUID
    at: datetime
    reason_commitment: bytes | None


def row_hash(key: bytes, row: LogRow, previous: bytes) -> bytes:
    """Returns the 32 bytes that bind `row` to everything before it. `key` is not in the database."""
    parts = (
        row.app_id.bytes,
        str(row.version).encode(),
        row.from_state.encode(),
        row.trigger.encode(),
        row.to_state.encode(),
        row.actor_id.bytes,
        row.actor_role.encode(),
        str(row.policy_version).encode(),
        row.request_id.bytes,
        _canonical_time(row.at),
        row.reason_commitment or b"",
        previous,
    )
    canonical = FORMAT + b"".join([len(part).to_bytes(4, "big") + part for part in parts])
    return hmac.digest(key, canonical, "sha256")


def commit_to(reasons: Sequence[dict[str, Any]], salt: bytes) -> bytes:
    """Returns the salted SHA-256 that the log stores of reasons, which may be erased later."""
    return commit_to_text(canonical_text(reasons), salt)


def commit_to_text(canonical: str, salt: bytes) -> bytes:
    """Returns the same hash as `commit_to`, for reasons that are in canonical form already."""
    return hashlib.sha256(salt + canonical.encode()).digest()


def canonical_text(reasons: Sequence[dict[str, Any]]) -> str:
    """Returns reasons as canonical JSON, the form that is hashed."""
    return _CANONICAL.encode(list(reasons))


_CANONICAL = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=8)
def _canonical_time(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat(timespec="microseconds").encode()
