"""The application role cannot store an illegal history, whatever SQL it runs. Each case names what refuses it."""

import psycopg
import pytest

from tests.stored import Stored

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
    "another id": (["UPDATE app SET id = uuidv7()"], "app_forward_guard"),
    "an App ahead of its log": (
        [_moved("suspended", 4), _log(4, "public_beta", "suspend", "suspended"), _moved("public_beta", 5)],
        "app_head_fkey",
    ),
    "a version written twice": ([_log(3, "submitted", "approve", "public_beta")], "transition_pkey"),
    "a log of no App": (
        [
            LOG.format(
                app="00000000-0000-7000-8000-0000000000ff", version=1, source="new", trigger="create", target="building"
            )
        ],
        "transition_app_id_fkey",
    ),
    "a request applied twice": (
        [
            _moved("suspended", 4),
            _log(4, "public_beta", "suspend", "suspended").replace(
                "uuidv7()", "(SELECT request_id FROM transition WHERE version = 3)"
            ),
        ],
        "transition_request_key",
    ),
    "a hash of the wrong length": (
        [_moved("suspended", 4), _log(4, "public_beta", "suspend", "suspended").replace("sha256('')", "'short'")],
        "transition_hash_check",
    ),
}
NO_TABLE = "permission denied for table {}"
NO_OWNER = "must be owner of {}"
FORBIDDEN = {
    "changing the log": ("UPDATE transition SET at = now()", NO_TABLE.format("transition")),
    "changing the log by inserting": (
        LOG.format(app="{app}", version=3, source="submitted", trigger="approve", target="public_beta")
        + " ON CONFLICT (app_id, version) DO UPDATE SET at = now()",
        NO_TABLE.format("transition"),
    ),
    "deleting from the log": ("DELETE FROM transition", NO_TABLE.format("transition")),
    "truncating the log": ("TRUNCATE transition CASCADE", NO_TABLE.format("transition")),
    "changing reasons": ("UPDATE transition_reason SET reasons = '[]'", NO_TABLE.format("transition_reason")),
    "truncating the Apps": ("TRUNCATE app CASCADE", NO_TABLE.format("app")),
    "deleting an App": ("DELETE FROM app", NO_TABLE.format("app")),
    "changing a policy": ("UPDATE policy_version SET note = ''", NO_TABLE.format("policy_version")),
    "deleting a policy": ("DELETE FROM policy_version", NO_TABLE.format("policy_version")),
    "changing what was submitted": ("UPDATE submission SET snapshot = '{}'", NO_TABLE.format("submission")),
    "deleting what was submitted": ("DELETE FROM submission", NO_TABLE.format("submission")),
    "changing the audit log": ("DELETE FROM audit_entry", NO_TABLE.format("audit_entry")),
    "moving to another revision": ("UPDATE alembic_version SET version_num = '0'", NO_TABLE.format("alembic_version")),
    "disabling triggers": ("ALTER TABLE transition DISABLE TRIGGER ALL", NO_OWNER.format("table transition")),
    "dropping a trigger": ("DROP TRIGGER app_birth_guard ON app", NO_OWNER.format("relation app")),
    "dropping a constraint": ("ALTER TABLE app DROP CONSTRAINT app_head_fkey", NO_OWNER.format("table app")),
    "dropping a table": ("DROP TABLE transition CASCADE", NO_OWNER.format("table transition")),
    "dropping a guard": ("DROP FUNCTION app_birth_guard() CASCADE", NO_OWNER.format("function app_birth_guard")),
    "replacing a guard": (
        "CREATE OR REPLACE FUNCTION app_birth_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "permission denied for schema public",
    ),
    "making a table": ("CREATE TABLE mine (id int)", "permission denied for schema public"),
    "misleading guards by a table of its own": (
        "CREATE TEMPORARY TABLE app (id uuid, version int)",
        "permission denied to create temporary tables in database",
    ),
    "silencing triggers": (
        "SET session_replication_role = replica",
        'permission denied to set parameter "session_replication_role"',
    ),
}
APPEND_ONLY = {
    "transition": "at = now()",
    "policy_version": "note = ''",
    "submission": "snapshot = '{}'",
    "audit_entry": "at = now()",
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
    statement, refusal = FORBIDDEN[case]
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        stored.prompt.execute(statement.replace("{app}", str(stored.app_id)))
    assert str(refused.value.diag.message_primary).startswith(refusal)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_append_only_guards_refuse_even_the_owner(stored: Stored, table: str, statement: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        stored.superuser.execute(statement.format(table, APPEND_ONLY[table]))
    assert (refused.value.diag.constraint_name, refused.value.diag.table_name) == ("append_only_guard", table)
