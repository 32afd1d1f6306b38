"""The canonical form of a row of the log: what was hashed by earlier releases verifies, and no two rows look alike."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from workflow.history.chain import NO_HASH, Basis, LogRow, is_hash_of, row_hash

KEY = b"a key of thirty-two bytes or more"
ROW = LogRow(
    UUID(int=1),
    3,
    "submitted",
    "approve",
    "public_beta",
    UUID(int=2),
    "reviewer",
    1,
    UUID(int=3),
    datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    None,
)
BASIS = Basis(b"p" * 32, b"s" * 32)
IN_FIRST_FORM = bytes.fromhex("369bae5e51f2571893237e52e8a604df656297ad76d0ea3eb7b84a8005b45273")
IN_THIS_FORM = bytes.fromhex("85ce59149737c0fc6f0d640f37f9e2cde0c1c847ffca652b6fc97f8927022e35")


def test_the_canonical_form_never_changes() -> None:
    assert row_hash(KEY, ROW, NO_HASH, BASIS) == IN_THIS_FORM


def test_a_row_that_was_hashed_before_digests_were_covered_verifies() -> None:
    assert is_hash_of(IN_FIRST_FORM, KEY, ROW, NO_HASH, BASIS)
    assert not is_hash_of(IN_FIRST_FORM, KEY, ROW._replace(version=4), NO_HASH, BASIS)
    assert not is_hash_of(IN_FIRST_FORM, KEY, ROW, b"x" * 32, BASIS)


def test_a_row_whose_submission_was_opened_in_its_own_batch_verifies_without_it() -> None:
    alone = row_hash(KEY, ROW, NO_HASH, Basis(BASIS.policy))
    assert is_hash_of(alone, KEY, ROW, NO_HASH, BASIS)
    assert not is_hash_of(alone, KEY, ROW, NO_HASH, Basis(b"another policy".ljust(32), BASIS.submission))


@pytest.mark.parametrize("field", LogRow._fields)
def test_every_column_of_a_row_counts(field: str) -> None:
    other: dict[str, Any] = {
        "app_id": UUID(int=9),
        "version": 4,
        "policy_version": 2,
        "actor_id": UUID(int=9),
        "request_id": UUID(int=9),
        "at": datetime(2026, 1, 2, 3, 4, 5, 679, tzinfo=UTC),
        "reason_commitment": b"c" * 32,
    }
    changed = ROW._replace(**{field: other.get(field, "another")})
    assert not is_hash_of(IN_THIS_FORM, KEY, changed, NO_HASH, BASIS)


def test_two_rows_whose_columns_run_together_have_two_hashes() -> None:
    one, another = ROW._replace(from_state="ab", trigger="c"), ROW._replace(from_state="a", trigger="bc")
    assert row_hash(KEY, one, NO_HASH, BASIS) != row_hash(KEY, another, NO_HASH, BASIS)
