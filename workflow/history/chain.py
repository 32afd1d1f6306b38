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

FORMAT = b"\x02"
"""The version of the canonical form, hashed with every row. It covers the digests of what the decision rests on."""
FORMAT_WITHOUT_DIGESTS = b"\x01"
"""The first version of the canonical form. Rows that were written in it still verify."""
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


@dataclass(frozen=True, slots=True)
class Basis:
    """The digests of what a transition rests on: the policy that judged it, and the submission under review, if any.

    There is none of a submission that was opened in the same batch: Postgres computes it, and nothing is read back.
    """

    policy: bytes
    submission: bytes | None = None


def row_hash(key: bytes, row: LogRow, previous: bytes, basis: Basis) -> bytes:
    """Returns the 32 bytes that bind `row` to everything before it and to `basis`. `key` is not in the database."""
    return _hash(key, FORMAT, (*_parts(row), basis.policy, basis.submission or b"", previous))


def is_hash_of(stored: bytes, key: bytes, row: LogRow, previous: bytes, basis: Basis) -> bool:
    """Returns whether `stored` is the hash of the row, in any form in which it may have been written."""
    return (
        hmac.compare_digest(row_hash(key, row, previous, basis), stored)
        or hmac.compare_digest(row_hash(key, row, previous, Basis(basis.policy)), stored)
        or hmac.compare_digest(_hash(key, FORMAT_WITHOUT_DIGESTS, (*_parts(row), previous)), stored)
    )


def _parts(row: LogRow) -> tuple[bytes, ...]:
    return (
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
    )


def _hash(key: bytes, form: bytes, parts: Sequence[bytes]) -> bytes:
    canonical = form + b"".join([len(part).to_bytes(4, "big") + part for part in parts])
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
