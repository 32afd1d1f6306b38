"""With the application role and a prompt, an illegal history cannot be stored. Each case names what refused it."""

import psycopg
import pytest

from tests.storage.conftest import Stored

LOG = """
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                            request_id, at, hash)
    VALUES ('{app}', {version}, '{source}', '{trigger}', '{target}', '{app}', 'admin', 1, uuidv7(), now(), sha256(''))
"""
BORN = """
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version)
    SELECT uuidv7(), 'other', 'Other', organization_id, created_by, '{state}', {version} FROM app LIMIT 1
"""


def _log(version: int, source: str, trigger: str, target: str) -> str:
    return LOG.format(app="{app}", version=version, source=source, trigger=trigger, target=target)


def _moved(state: str, version: int) -> str:
    return f"UPDATE app SET state = '{state}', version = {version}"


CASES = {
    "an App born in another state": ([BORN.format(state="public", version=1)], "app_birth_guard"),
    "an App born at another version": ([BORN.format(state="building", version=2)], "app_birth_guard"),
    "an App born without a log": ([BORN.format(state="building", version=1)], "app_head_fkey"),
    "a state without a log row": ([_moved("public", 4)], "app_head_fkey"),
    "a state changed at the same version": (["UPDATE app SET state = 'public'"], "app_head_fkey"),
    "an edge that does not exist": (
        [_moved("building", 4), _log(4, "public_beta", "withdraw", "building")],
        "transition_edge_check",
    ),
    "an edge from a state the App is not in": (
        [_moved("suspended", 4), _log(4, "public", "suspend", "suspended")],
        "transition_chain_fkey",
    ),
    "a skipped version": (
        [_moved("suspended", 5), _log(5, "public_beta", "suspend", "suspended")],
        "transition_chain_fkey",
    ),
    "a log ahead of its App": ([_log(4, "public_beta", "suspend", "suspended")], "transition_head_guard"),
    "a second birth": ([_log(1, "new", "create", "building")], "transition_pkey"),
    "a birth that is not create": ([_log(4, "new", "create", "building")], "transition_birth_check"),
    "a version that runs backwards": ([_moved("submitted", 2)], "app_forward_guard"),
    "an unknown state": ([_moved("famous", 4)], "app_state_check"),
}
FORBIDDEN = {
    "changing the log": "UPDATE transition SET at = now()",
    "deleting from the log": "DELETE FROM transition",
    "truncating the log": "TRUNCATE transition CASCADE",
    "truncating the Apps": "TRUNCATE app CASCADE",
    "deleting an App": "DELETE FROM app",
    "changing a policy": "UPDATE policy_version SET note = ''",
    "changing what was submitted": "UPDATE submission SET snapshot = '{}'",
    "changing the audit log": "DELETE FROM audit_entry",
    "disabling a trigger": "ALTER TABLE transition DISABLE TRIGGER ALL",
    "dropping a constraint": "ALTER TABLE app DROP CONSTRAINT app_head_fkey",
    "making a table": "CREATE TABLE mine (id int)",
    "silencing triggers": "SET session_replication_role = replica",
}


@pytest.mark.parametrize("case", CASES)
def test_the_database_refuses(stored: Stored, case: str) -> None:
    statements, guard = CASES[case]
    with pytest.raises(psycopg.IntegrityError) as refused:  # noqa: PT012 (deferred constraints refuse at COMMIT)
        for statement in statements:
            stored.prompt.execute(statement.replace("{app}", str(stored.app_id)))
        stored.prompt.commit()
    assert refused.value.diag.constraint_name == guard


@pytest.mark.parametrize("case", FORBIDDEN)
def test_the_application_role_may_not(stored: Stored, case: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stored.prompt.execute(FORBIDDEN[case])


@pytest.mark.parametrize(
    "statement", ["UPDATE transition SET at = now()", "DELETE FROM transition", "TRUNCATE transition CASCADE"]
)
def test_even_the_owner_of_all_rights_meets_the_append_only_guard(stored: Stored, statement: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        stored.superuser.execute(statement)
    assert refused.value.diag.constraint_name == "append_only_guard"
