"""The application role cannot store an illegal history, whatever SQL it runs. Each case names what refuses it."""

import psycopg
import pytest

from tests.stored import Stored

LOG = """
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, from_open_kind, from_open_review,
                            from_published, open_kind, open_review, published, submits, opens, subject, actor_id,
                            actor_role, policy_version, request_id, at, hash)
    VALUES ('{app}', {version}, '{source}', '{trigger}', '{target}', {before}, {after}, {follows}, '{app}', 'admin', 1,
            uuidv7(), now(), sha256(''))
"""
BORN = """
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version)
    SELECT uuidv7(), 'other', 'Other', organization_id, created_by, '{state}', {version} FROM app LIMIT 1
"""


Standing = tuple[str, int, int]
"""The kind of the open review, the version that opened it, and the version that submitted what is published."""
NOW: Standing = ("none", 0, 2)
NOTHING = "NULL, NULL, NULL"


def _log(
    version: int,
    source: str,
    trigger: str,
    target: str,
    before: Standing = NOW,
    after: Standing = NOW,
    follows: str = NOTHING,
) -> str:
    """Returns the statement for a row of the log. `follows`: what it submits, opens, and what that is of."""
    standings = {"before": "'{}', {}, {}".format(*before), "after": "'{}', {}, {}".format(*after)}
    return LOG.format(
        app="{app}", version=version, source=source, trigger=trigger, target=target, follows=follows, **standings
    )


def _moved(state: str, version: int, standing: Standing = NOW) -> str:
    kind, opened, published = standing
    return f"""UPDATE app SET state = '{state}', version = {version}, open_kind = '{kind}', open_review = {opened},
                              published = {published}"""


def _beta(trigger: str, before: Standing, after: Standing, version: int = 4, follows: str = NOTHING) -> list[str]:
    """Returns the statements that move the App within public beta."""
    return [
        _moved("public_beta", version, after),
        _log(version, "public_beta", trigger, "public_beta", before, after, follows),
    ]


def _submitted(version: int) -> str:
    """Returns the statement that stores a submission of the version."""
    return f"""
        INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by,
                                submitted_at)
        SELECT uuidv7(), app_id, {version}, kind, 2, snapshot, 1, submitted_by, now() FROM submission
         WHERE app_version = 2
    """


def _opened(version: int, kind: str, subject: int) -> str:
    """Returns the statement that stores an open review."""
    return f"""
        INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by,
                            opened_at, due_at, due_soon_at)
        SELECT uuidv7(), id, app_id, '{kind}', {version}, {subject}, 1, submitted_by, now(), now(), now()
          FROM submission WHERE app_version = {subject}
    """


def _mail(kind: str, status: str) -> str:
    """Returns the statement that stores a mail to somebody."""
    return f"""INSERT INTO notification (id, kind, cause, recipient_id, due_at, status)
               SELECT uuidv7(), '{kind}', 'guarded', id, now(), '{status}' FROM person LIMIT 1"""


REVISION: Standing = ("revision", 4, 2)
HEALTH: Standing = ("health", 4, 2)
OPENS_REVISION = [*_beta("submit", NOW, REVISION, follows="4, 4, 4"), _submitted(4), _opened(4, "revision", 4)]
OPENS_HEALTH = [*_beta("recheck", NOW, HEALTH, follows="NULL, 4, 2"), _opened(4, "health", 2)]

CASES: dict[str, tuple[list[str], str | None]] = {
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
    "a second birth": (
        [_log(1, "new", "create", "building", ("none", 0, 0), ("none", 0, 0))],
        "transition_pkey",
    ),
    "a birth that is not create": ([_log(4, "new", "create", "building")], "transition_birth_check"),
    "a version that runs backwards": ([_moved("submitted", 2)], "app_forward_guard"),
    "deleting a token": (
        [
            """INSERT INTO api_token (id, person_id, role, label, token_hash, hint, expires_at)
               SELECT uuidv7(), id, role, 'old', sha256('token'), 'oken', now() - interval '9 days'
                 FROM person WHERE role = 'reviewer' LIMIT 1""",
            "DELETE FROM api_token WHERE label = 'old'",
        ],
        "token_record_guard",
    ),
    "deleting a session that has not ended": (
        [
            """INSERT INTO api_token (id, person_id, role, label, token_hash, hint, expires_at, kind, authenticated_at,
                                      idle_ends_at, revoked_at)
               SELECT uuidv7(), id, role, 'new', sha256('session'), 'sion', now() + interval '1 hour', 'session', now(),
                      now(), now() FROM person WHERE role = 'reviewer' LIMIT 1""",
            "DELETE FROM api_token WHERE label = 'new'",
        ],
        "token_record_guard",
    ),
    "deleting a mail that was sent": (
        [_mail("reviewer_digest", "done"), "DELETE FROM notification WHERE cause = 'guarded'"],
        "mail_record_guard",
    ),
    "deleting a mail that is not the daily overview": (
        [_mail("person_removed", "void"), "DELETE FROM notification WHERE cause = 'guarded'"],
        "mail_record_guard",
    ),
    "an unknown state": ([_moved("famous", 4)], "app_state_check"),
    "another id": (["UPDATE app SET id = uuidv7()"], "app_forward_guard"),
    "an App ahead of its log": (
        [_moved("suspended", 4), _log(4, "public_beta", "suspend", "suspended"), _moved("public_beta", 5)],
        "app_head_fkey",
    ),
    "a version written twice": (
        [_log(3, "submitted", "approve", "public_beta", ("first", 2, 0))],
        "transition_pkey",
    ),
    "a log of no App": (
        [
            _log(1, "new", "create", "building", ("none", 0, 0), ("none", 0, 0)).replace(
                "{app}", "00000000-0000-7000-8000-0000000000ff"
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

_UNSAID = _log(4, "public_beta", "suspend", "suspended").replace("'none', 0, 2, 'none'", "'none', NULL, 2, 'none'")
WHAT_IS_PUBLIC = {
    "pointing to nothing": ([_moved("public_beta", 3, ("none", 0, 0))], "app_head_fkey"),
    "pointing to what is not there": ([_moved("public_beta", 3, ("none", 0, 7))], "app_head_fkey"),
    "pointing to an open revision": ([*OPENS_REVISION, _moved("public_beta", 4, ("revision", 4, 4))], "app_head_fkey"),
    "an approval with no review open": (_beta("approve", NOW, NOW), "transition_edge_check"),
    "an approval of an invented review": (
        _beta("approve", ("revision", 9, 2), ("none", 0, 9)),
        "transition_chain_fkey",
    ),
    "an approval of another review than is open": (
        [*OPENS_REVISION, *_beta("approve", ("revision", 2, 2), NOW, 5)],
        "transition_chain_fkey",
    ),
    "an approval of a health review": (
        [*OPENS_HEALTH, *_beta("approve", HEALTH, NOW, 5)],
        "transition_edge_check",
    ),
    "an approval of a health review that is called a revision": (
        [*OPENS_HEALTH, *_beta("approve", REVISION, ("none", 0, 4), 5)],
        "transition_chain_fkey",
    ),
    "an approval that publishes the old again": (
        [*OPENS_REVISION, *_beta("approve", REVISION, NOW, 5)],
        "transition_published_check",
    ),
    "an approval from a state the App is not in": (
        [
            *OPENS_REVISION,
            _moved("public", 5, ("none", 0, 4)),
            _log(5, "public", "approve", "public", REVISION, ("none", 0, 4)),
        ],
        "transition_chain_fkey",
    ),
    "an approval that leaves the App behind": (
        [*OPENS_REVISION, *_beta("approve", REVISION, ("none", 0, 4), 5), _moved("public_beta", 5)],
        "app_head_fkey",
    ),
    "a promotion that publishes": (
        [
            *OPENS_REVISION,
            _moved("public", 5, ("revision", 4, 4)),
            _log(5, "public_beta", "promote", "public", REVISION, ("revision", 4, 4)),
        ],
        "transition_published_check",
    ),
    "a promotion that lies about what was published": (
        [
            *OPENS_REVISION,
            _moved("public", 5, ("revision", 4, 4)),
            _log(5, "public_beta", "promote", "public", ("revision", 4, 4), ("revision", 4, 4)),
        ],
        "transition_chain_fkey",
    ),
    "a promotion that makes the review vanish": (
        [*OPENS_REVISION, _moved("public", 5), _log(5, "public_beta", "promote", "public", REVISION, NOW)],
        "transition_edge_check",
    ),
    "a submission that freezes nothing": (
        [*_beta("submit", NOW, REVISION, follows="4, 4, 4"), _opened(4, "revision", 2)],
        "review_subject_check",
    ),
    "a submission without a snapshot": (_beta("submit", NOW, REVISION, follows="4, 4, 4"), "transition_submits_fkey"),
    "a submission that denies freezing": (
        _beta("submit", NOW, REVISION, follows="NULL, 4, 4"),
        "transition_submits_check",
    ),
    "a submission without a review": (
        [*_beta("submit", NOW, REVISION, follows="4, 4, 4"), _submitted(4)],
        "transition_opens_fkey",
    ),
    "a submission that denies opening": (
        _beta("submit", NOW, REVISION, follows="4, NULL, 4"),
        "transition_opens_check",
    ),
    "a review of another submission": (
        [*_beta("submit", NOW, REVISION, follows="4, 4, 4"), _submitted(4), _opened(4, "appeal", 2)],
        "transition_opens_fkey",
    ),
    "a second review": ([*OPENS_REVISION, _opened(3, "health", 2)], "review_open_app_key"),
    "a review that hides the first": (
        [*OPENS_REVISION, *_beta("recheck", REVISION, ("health", 5, 2), 5, "NULL, 5, 2")],
        "transition_edge_check",
    ),
    "a look that opens a revision": (_beta("recheck", NOW, REVISION, follows="NULL, 4, 2"), "transition_edge_check"),
    "a look at what is not published": (
        _beta("recheck", NOW, HEALTH, follows="NULL, 4, 3"),
        "transition_subject_check",
    ),
    "a clearing of a revision": ([*OPENS_REVISION, *_beta("clear", REVISION, NOW, 5)], "transition_edge_check"),
    "an opening that is dated back": (
        _beta("recheck", NOW, ("health", 3, 2), follows="NULL, 4, 2"),
        "transition_open_review_check",
    ),
    "a birth that is published": (
        [
            BORN.format(state="building", version=1)
            .replace("version)", "version, published)")
            .replace("'building', 1", "'building', 1, 2")
        ],
        "app_head_fkey",
    ),
    "a second snapshot for a version": ([_submitted(2)], "submission_transition_key"),
    "a review that is of something else now": (["UPDATE review SET subject = 1"], "review_subject_guard"),
    "a review that is of another kind now": (["UPDATE review SET kind = 'health'"], "review_subject_guard"),
    "a review that was opened otherwise": (["UPDATE review SET opened_version = 1"], "review_subject_guard"),
    "an unsaid standing": ([_moved("suspended", 4), _UNSAID], None),
    "a review of nothing that the log has": ([_opened(9, "health", 2)], "review_app_id_opened_version_fkey"),
    "two rows in one statement, one that publishes what was not approved": (
        [
            _moved("public_beta", 5, ("none", 0, 4)),
            _log(4, "public_beta", "submit", "public_beta", NOW, REVISION, "4, 4, 4").rstrip()
            + _log(5, "public_beta", "approve", "public_beta", REVISION, ("none", 0, 4))
            .partition("VALUES")[2]
            .join([", ", ""]),
        ],
        "transition_submits_fkey",
    ),
    "everything deferred": (
        ["SET CONSTRAINTS ALL DEFERRED", *_beta("approve", ("revision", 9, 2), ("none", 0, 9))],
        "transition_chain_fkey",
    ),
}
CASES |= WHAT_IS_PUBLIC
NO_TABLE = "permission denied for table {}"
NO_OWNER = "must be owner of {}"
FORBIDDEN = {
    "changing the log": ("UPDATE transition SET at = now()", NO_TABLE.format("transition")),
    "changing the log by inserting": (
        _log(3, "submitted", "approve", "public_beta", ("first", 2, 0))
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
def test_the_database_refuses(unchanged: Stored, case: str) -> None:
    statements, guard = CASES[case]
    with pytest.raises(psycopg.IntegrityError) as refused:  # noqa: PT012 (deferred constraints refuse at COMMIT)
        for statement in statements:
            unchanged.prompt.execute(statement.replace("{app}", str(unchanged.app_id)))
        unchanged.prompt.commit()
    assert refused.value.diag.constraint_name == guard


@pytest.mark.parametrize("statements", [OPENS_REVISION, OPENS_HEALTH], ids=["a revision", "a health review"])
def test_what_the_cases_build_on_is_legal(stored: Stored, statements: list[str]) -> None:
    for statement in statements:
        stored.prompt.execute(statement.replace("{app}", str(stored.app_id)))
    stored.prompt.commit()


@pytest.mark.parametrize("case", FORBIDDEN)
def test_the_application_role_may_not(unchanged: Stored, case: str) -> None:
    statement, refusal = FORBIDDEN[case]
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        unchanged.prompt.execute(statement.replace("{app}", str(unchanged.app_id)))
    assert str(refused.value.diag.message_primary).startswith(refusal)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_append_only_guards_refuse_even_the_owner(unchanged: Stored, table: str, statement: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        unchanged.superuser.execute(statement.format(table, APPEND_ONLY[table]))
    assert (refused.value.diag.constraint_name, refused.value.diag.table_name) == ("append_only_guard", table)
