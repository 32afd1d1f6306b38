"""Digests of the rows that a decision rests on, computed by Postgres: of a submission, and of a policy's version."""

from collections.abc import Sequence

SUBMISSION_COLUMNS = (
    "id",
    "app_id",
    "app_version",
    "kind",
    "round",
    "snapshot",
    "policy_version",
    "submitted_by",
    "submitted_at",
)
POLICY_COLUMNS = ("version", "document", "note", "published_by", "published_at")
_LARGE = {("asset", "content")}
"""Columns of which a row's digest has only the SHA-256."""
_TIMES = ("submitted_at", "published_at")


def digest_of(row: str, columns: tuple[str, ...]) -> str:
    """Returns the SQL expression for the SHA-256 of `columns` of the row that SQL names `row`.

    It does not depend on the session's settings: times are hashed as seconds since the epoch.
    """
    parts = ", ".join(
        f"extract(epoch from {row}.{column})" if column in _TIMES else f"{row}.{column}" for column in columns
    )
    return f"sha256(convert_to(jsonb_build_array({parts})::text, 'UTF8'))"


def submission_digest(row: str) -> str:
    """Returns the expression for the stored digest of the submission `row`, or for computing it if none is stored."""
    return f"coalesce({row}.digest, {digest_of(row, SUBMISSION_COLUMNS)})"


def policy_digest(row: str) -> str:
    """Returns the same for the policy's version `row`."""
    return f"coalesce({row}.digest, {digest_of(row, POLICY_COLUMNS)})"


def row_digest(table: str, row: str, columns: Sequence[str]) -> str:
    """Returns the SQL expression for the SHA-256 of `columns` of the row that SQL names `row`.

    It is the same in every session only after `canonical_session`.
    """
    parts = ", ".join(
        f"sha256({row}.{column})" if (table, column) in _LARGE else f'{row}."{column}"' for column in columns
    )
    return f"sha256(convert_to(jsonb_build_array({parts})::text, 'UTF8'))"
