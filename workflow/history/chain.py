"""The tamper-evident history: an HMAC chain over each App's log, and salted commitments to erasable reasons."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder
from typing import Any, NamedTuple
from uuid import UUID

FORMAT = b"\x02"
"""The version of the canonical form, hashed with every row. It covers the digests of what the decision rests on."""
FORMAT_WITHOUT_DIGESTS = b"\x01"
"""The first version of the canonical form. Rows that were written in it still verify."""
NO_HASH = bytes(32)
"""The previous hash of an App's first row."""


class LogRow(NamedTuple):
    """The columns of a transition that its hash covers. A tuple, because one is made for every transition."""

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


class Basis(NamedTuple):
    """The digests of what a transition rests on: the policy that judged it, and the submission under review, if any.

    There is none of a submission that was opened in the same batch: Postgres computes it, and nothing is read back.
    """

    policy: bytes
    submission: bytes | None = None


def row_hash(key: bytes, row: LogRow, previous: bytes, basis: Basis) -> bytes:
    """Returns the 32 bytes that bind `row` to everything before it and to `basis`. `key` is not in the database."""
    digests = _part(basis.policy) + _part(basis.submission or b"")
    return hmac.digest(key, FORMAT + _canonical_row(row) + digests + _part(previous), "sha256")


def is_hash_of(stored: bytes, key: bytes, row: LogRow, previous: bytes, basis: Basis) -> bool:
    """Returns whether `stored` is the hash of the row, in any form in which it may have been written."""
    first_form = FORMAT_WITHOUT_DIGESTS + _canonical_row(row) + _part(previous)
    return (
        hmac.compare_digest(row_hash(key, row, previous, basis), stored)
        or hmac.compare_digest(row_hash(key, row, previous, Basis(basis.policy)), stored)
        or hmac.compare_digest(hmac.digest(key, first_form, "sha256"), stored)
    )


def _canonical_row(row: LogRow) -> bytes:
    return b"".join(
        (
            _UUID,
            row.app_id.bytes,
            _text_part(str(row.version)),
            _text_part(row.from_state),
            _text_part(row.trigger),
            _text_part(row.to_state),
            _UUID,
            row.actor_id.bytes,
            _text_part(row.actor_role),
            _text_part(str(row.policy_version)),
            _UUID,
            row.request_id.bytes,
            _time_part(row.at),
            _part(row.reason_commitment or b""),
        )
    )


def _part(value: bytes) -> bytes:
    """Returns the value behind its length, so that no two rows have the same canonical form."""
    return len(value).to_bytes(4, "big") + value


_UUID = (16).to_bytes(4, "big")
"""The length of a UUID, which comes before it."""


@lru_cache(maxsize=1024)
def _text_part(value: str) -> bytes:
    return _part(value.encode())


@lru_cache(maxsize=8)
def _time_part(at: datetime) -> bytes:
    return _part(at.astimezone(UTC).isoformat(timespec="microseconds").encode())


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
