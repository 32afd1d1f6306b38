"""`verify_history` finds changes by somebody who can disable triggers."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.journeys import BECAUSE, KEY, ask, judge
from tests.stored import Stored
from workflow.history.finding import Finding
from workflow.history.verification import Head, exported_heads, verify_history


def _findings(stored: Stored, heads: tuple[Head, ...] = (), key: bytes = KEY) -> list[Finding]:
    with Session(stored.engine) as session:
        return list(verify_history(session, key, heads))


def _tamper(stored: Stored, *statements: str) -> None:
    stored.superuser.execute("SET session_replication_role = replica")
    for statement in statements:
        stored.superuser.execute(statement)
    stored.superuser.commit()


def _heads(stored: Stored) -> tuple[Head, ...]:
    with Session(stored.engine) as session:
        rows = exported_heads(session, datetime.fromtimestamp(0, tz=UTC), UUID(int=0), 1000)
    return tuple(Head(UUID(row["app_id"]), row["version"], bytes.fromhex(row["hash"])) for row in rows)


def _suspend(stored: Stored) -> None:
    ask(stored.engine, stored.people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(stored.engine)


def test_an_untouched_history_verifies_and_another_key_does_not(stored: Stored) -> None:
    assert _findings(stored, _heads(stored)) == []
    assert _findings(stored, key=b"another key of thirty-two bytes!!") != []


@pytest.mark.parametrize(
    ("version", "statements"),
    [
        (2, ["UPDATE transition SET actor_id = uuidv7() WHERE version = 2"]),
        (3, ["UPDATE transition SET at = at - interval '1 day' WHERE version = 3"]),
        (3, ["UPDATE transition SET actor_role = 'admin' WHERE version = 3"]),
        (3, ["DELETE FROM transition WHERE version = 2"]),
        (3, ["DELETE FROM transition WHERE version = 3", "UPDATE app SET state = 'submitted', version = 2"]),
        (
            4,
            [
                "INSERT INTO transition (app_id, version, from_state, trigger, to_state, from_open_kind, open_kind,"
                " from_open_review, open_review, from_published, published, actor_id, actor_role,"
                " policy_version, request_id, at, hash) SELECT app_id, 4, 'public_beta', 'promote', 'public', 'none',"
                " 'none', 0, 0, 2, 2, actor_id, 'schedule', 1, uuidv7(), now(), hash FROM transition WHERE version = 3",
                "UPDATE app SET state = 'public', version = 4",
            ],
        ),
        (3, ["UPDATE app SET state = 'public'"]),
        (None, ["DELETE FROM app"]),
    ],
    ids=[
        "changed actor",
        "changed time",
        "changed role",
        "missing row",
        "missing last row",
        "inserted row",
        "changed App",
        "missing App",
    ],
)
def test_tampering_is_found_where_it_was_done(stored: Stored, version: int | None, statements: list[str]) -> None:
    _tamper(stored, *statements)
    assert (stored.app_id, version) in {(finding.app_id, finding.version) for finding in _findings(stored)}


def test_exported_heads_reveal_a_last_row_deleted_with_its_request(stored: Stored) -> None:
    heads = _heads(stored)
    _tamper(
        stored,
        "DELETE FROM transition_request WHERE version = 3",
        "DELETE FROM transition WHERE version = 3",
        "UPDATE app SET state = 'submitted', version = 2, open_kind = 'first', open_review = 2, published = 0",
    )
    assert _findings(stored) == []
    assert [finding.version for finding in _findings(stored, heads)] == [3]


def test_erased_reasons_leave_the_hashes_valid_and_changed_ones_do_not(stored: Stored) -> None:
    _suspend(stored)
    _tamper(stored, """UPDATE transition_reason SET reasons = '[{"code": "other", "text": "another"}]'""")
    assert [finding.version for finding in _findings(stored)] == [4]
    _tamper(stored, "DELETE FROM transition_reason")
    assert _findings(stored) == []
