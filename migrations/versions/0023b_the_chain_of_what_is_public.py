"""The log's chain holds the open review and what is published too.

The way down works until the first transition that was not possible before, and then names it.
"""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_constraint, validate_constraints

revision: str = "0023b"
down_revision: str | None = "0023a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EDGES = (
    "new none create building none",
    "new none adopt public_beta none",
    "building none submit submitted first",
    "public_beta none submit public_beta revision",
    "public_beta health submit public_beta revision",
    "public none submit public revision",
    "public health submit public revision",
    "suspended none submit suspended revision",
    "unlisted none submit unlisted revision",
    "submitted first withdraw building none",
    "submitted appeal withdraw building none",
    "public_beta revision withdraw public_beta none",
    "public_beta appeal withdraw public_beta none",
    "public revision withdraw public none",
    "public appeal withdraw public none",
    "suspended revision withdraw suspended none",
    "suspended appeal withdraw suspended none",
    "unlisted revision withdraw unlisted none",
    "unlisted appeal withdraw unlisted none",
    "submitted first request_changes building none",
    "submitted appeal request_changes building none",
    "public_beta revision request_changes public_beta none",
    "public_beta appeal request_changes public_beta none",
    "public revision request_changes public none",
    "public appeal request_changes public none",
    "suspended revision request_changes suspended none",
    "suspended appeal request_changes suspended none",
    "unlisted revision request_changes unlisted none",
    "unlisted appeal request_changes unlisted none",
    "submitted first approve public_beta none",
    "submitted appeal approve public_beta none",
    "suspended revision approve public_beta none",
    "suspended appeal approve public_beta none",
    "public_beta revision approve public_beta none",
    "public_beta appeal approve public_beta none",
    "public revision approve public none",
    "public appeal approve public none",
    "unlisted revision approve unlisted none",
    "unlisted appeal approve unlisted none",
    "public_beta none promote public none",
    "public_beta revision promote public revision",
    "public_beta health promote public health",
    "public_beta appeal promote public appeal",
    "public_beta none suspend suspended none",
    "public_beta revision suspend suspended revision",
    "public_beta health suspend suspended none",
    "public_beta appeal suspend suspended none",
    "public none suspend suspended none",
    "public revision suspend suspended revision",
    "public health suspend suspended none",
    "public appeal suspend suspended none",
    "unlisted none suspend suspended none",
    "unlisted revision suspend suspended revision",
    "unlisted appeal suspend suspended none",
    "suspended none reinstate public_beta none",
    "suspended revision reinstate public_beta revision",
    "suspended appeal reinstate public_beta none",
    "building none remove removed none",
    "submitted first remove removed none",
    "submitted appeal remove removed none",
    "public_beta none remove removed none",
    "public_beta revision remove removed none",
    "public_beta health remove removed none",
    "public_beta appeal remove removed none",
    "public none remove removed none",
    "public revision remove removed none",
    "public health remove removed none",
    "public appeal remove removed none",
    "suspended none remove removed none",
    "suspended revision remove removed none",
    "suspended appeal remove removed none",
    "unlisted none remove removed none",
    "unlisted revision remove removed none",
    "unlisted appeal remove removed none",
    "public_beta none recheck public_beta health",
    "public none recheck public health",
    "public_beta health clear public_beta none",
    "public health clear public none",
    "public_beta health flag public_beta none",
    "public health flag public none",
    "building none appeal submitted appeal",
    "public_beta none appeal public_beta appeal",
    "public_beta health appeal public_beta appeal",
    "public none appeal public appeal",
    "public health appeal public appeal",
    "suspended none appeal suspended appeal",
    "unlisted none appeal unlisted appeal",
    "public_beta none unlist unlisted none",
    "public_beta revision unlist unlisted revision",
    "public_beta health unlist unlisted none",
    "public_beta appeal unlist unlisted appeal",
    "public none unlist unlisted none",
    "public revision unlist unlisted revision",
    "public health unlist unlisted none",
    "public appeal unlist unlisted appeal",
    "unlisted none relist public_beta none",
    "unlisted revision relist public_beta revision",
    "unlisted appeal relist public_beta appeal",
    "submitted first propose_approve submitted first",
    "submitted appeal propose_approve submitted appeal",
    "public_beta revision propose_approve public_beta revision",
    "public_beta appeal propose_approve public_beta appeal",
    "public revision propose_approve public revision",
    "public appeal propose_approve public appeal",
    "suspended revision propose_approve suspended revision",
    "suspended appeal propose_approve suspended appeal",
    "unlisted revision propose_approve unlisted revision",
    "unlisted appeal propose_approve unlisted appeal",
    "building none propose_remove building none",
    "submitted first propose_remove submitted first",
    "submitted appeal propose_remove submitted appeal",
    "public_beta none propose_remove public_beta none",
    "public_beta revision propose_remove public_beta revision",
    "public_beta health propose_remove public_beta health",
    "public_beta appeal propose_remove public_beta appeal",
    "public none propose_remove public none",
    "public revision propose_remove public revision",
    "public health propose_remove public health",
    "public appeal propose_remove public appeal",
    "suspended none propose_remove suspended none",
    "suspended revision propose_remove suspended revision",
    "suspended appeal propose_remove suspended appeal",
    "unlisted none propose_remove unlisted none",
    "unlisted revision propose_remove unlisted revision",
    "unlisted appeal propose_remove unlisted appeal",
)
EDGE = "from_state || ' ' || from_open_kind || ' ' || trigger || ' ' || to_state || ' ' || open_kind"
OPENS = "trigger IN ('submit', 'recheck', 'appeal')"
SUBMITS = "(trigger IN ('submit', 'adopt') OR trigger = 'appeal' AND from_state <> 'suspended')"
OLD_TRIGGERS = "'submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove'"
OLD_EDGES = """
    ('new', 'create', 'building'), ('building', 'submit', 'submitted'), ('submitted', 'withdraw', 'building'),
('submitted', 'request_changes', 'building'), ('submitted', 'approve', 'public_beta'), ('public_beta',
'promote', 'public'), ('public_beta', 'suspend', 'suspended'), ('public', 'suspend', 'suspended'),
('suspended', 'reinstate', 'public_beta'), ('building', 'remove', 'removed'), ('submitted', 'remove',
'removed'), ('public_beta', 'remove', 'removed'), ('public', 'remove', 'removed'), ('suspended', 'remove',
'removed')
"""

CHECKS = {
    "birth": "(version = 1) = (trigger IN ('create', 'adopt'))",
    "edge": f"""{EDGE} IN ({", ".join(f"'{edge}'" for edge in EDGES)})""",
    "open_review": """
        (from_open_kind = 'none') = (from_open_review = 0)
        AND open_review = CASE WHEN open_kind = 'none' THEN 0 WHEN trigger IN ('submit', 'recheck', 'appeal') THEN version
                               ELSE from_open_review END
    """,
    "published": """
        published = CASE WHEN trigger = 'adopt' THEN version
                         WHEN trigger = 'approve' AND NOT (from_state = 'suspended' AND from_open_kind = 'appeal')
                         THEN from_open_review ELSE from_published END
        AND (version > 1 OR from_published = 0)
    """,
    "submits": f"submits IS NOT DISTINCT FROM CASE WHEN {SUBMITS} THEN version END",
    "opens": f"opens IS NOT DISTINCT FROM CASE WHEN {OPENS} THEN version END",
    "subject": f"""
        subject IS NOT DISTINCT FROM CASE WHEN NOT ({OPENS}) THEN NULL WHEN {SUBMITS} THEN version ELSE published END
    """,
}
REVIEW_CHECKS = {
    "kind": "kind IN ('first', 'revision', 'health', 'appeal')",
    "subject": "kind NOT IN ('first', 'revision') OR subject = opened_version",
    "order": "subject <= opened_version",
    "urgency": "urgency IN (0, 1)",
}
RESULT = "(app_id, version, to_state, open_kind, open_review, published)"

REVIEW_SUBJECT_GUARD = """
CREATE FUNCTION review_subject_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    RAISE EXCEPTION 'what review % is of never changes', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'review_subject_guard';
END
$guard$
"""
REVIEW_SUBJECT_TRIGGER = """
CREATE TRIGGER review_subject_guard BEFORE UPDATE OF id, submission_id, app_id, kind, opened_version, subject,
policy_version, opened_by, decider ON review FOR EACH ROW EXECUTE FUNCTION review_subject_guard()
"""


def _birth_guard(states: str, words: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION app_birth_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    IF NEW.version <> 1 OR NEW.state {states} THEN
        RAISE EXCEPTION '{words}', NEW.state, NEW.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'app_birth_guard';
    END IF;
    RETURN NEW;
END
$guard$
"""


def upgrade() -> None:
    for table, name in (
        ("app", "app_head_fkey"),
        ("transition", "transition_chain_fkey"),
        ("transition", "transition_target_key"),
        ("review", "review_submission_id_fkey"),
        ("review", "review_submission_id_key"),
    ):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    for column in ("from_open_kind", "from_open_review", "open_review", "from_published", "published"):
        op.execute(f"ALTER TABLE transition ALTER COLUMN {column} DROP DEFAULT")
    for column in ("kind", "opened_version", "subject", "policy_version", "opened_by"):
        op.execute(f"ALTER TABLE review ALTER COLUMN {column} DROP DEFAULT")
    for name, check in CHECKS.items():
        add_constraint("transition", f"transition_{name}_check", f"CHECK ({check})")
    for name, check in REVIEW_CHECKS.items():
        add_constraint("review", f"review_{name}_check", f"CHECK ({check})")
    add_constraint(
        "transition",
        "transition_chain_fkey",
        "FOREIGN KEY (app_id, previous_version, from_state, from_open_kind, from_open_review, from_published) "
        f"REFERENCES transition {RESULT}",
    )
    add_constraint(
        "app",
        "app_head_fkey",
        "FOREIGN KEY (id, version, state, open_kind, open_review, published) "
        f"REFERENCES transition {RESULT} DEFERRABLE INITIALLY DEFERRED",
    )
    add_constraint(
        "transition",
        "transition_submits_fkey",
        "FOREIGN KEY (app_id, submits) REFERENCES submission (app_id, app_version) DEFERRABLE INITIALLY DEFERRED",
    )
    add_constraint(
        "transition",
        "transition_opens_fkey",
        "FOREIGN KEY (app_id, opens, open_kind, subject) "
        "REFERENCES review (app_id, opened_version, kind, subject) DEFERRABLE INITIALLY DEFERRED",
    )
    add_constraint(
        "review",
        "review_app_id_opened_version_fkey",
        "FOREIGN KEY (app_id, opened_version) REFERENCES transition (app_id, version)",
    )
    add_constraint(
        "review",
        "review_subject_fkey",
        "FOREIGN KEY (submission_id, app_id, subject) REFERENCES submission (id, app_id, app_version)",
    )
    add_constraint(
        "review",
        "review_policy_version_fkey",
        "FOREIGN KEY (policy_version) REFERENCES policy_version (version)",
    )
    op.execute(REVIEW_SUBJECT_GUARD)
    op.execute(REVIEW_SUBJECT_TRIGGER)
    op.execute(
        _birth_guard(
            "NOT IN ('building', 'public_beta')", "an App is born at version 1, building or adopted, not in % at %"
        )
    )


def downgrade() -> None:
    op.execute(f"""
        DO $do$
        DECLARE
            newer text;
        BEGIN
            SELECT a.slug || ' (' || t.trigger || ', version ' || t.version || ')' INTO newer
              FROM transition t JOIN app a ON a.id = t.app_id
             WHERE (t.from_state, t.trigger, t.to_state) NOT IN ({OLD_EDGES}) LIMIT 1;
            IF newer IS NOT NULL THEN
                RAISE EXCEPTION 'the log has a transition that the older release does not know: %', newer
                    USING HINT = 'Going down is possible until the first of them. Restore a backup, or stay.';
            END IF;
            SELECT a.slug || ' (' || r.trigger || ')' INTO newer
              FROM transition_request r JOIN app a ON a.id = r.app_id
             WHERE (r.trigger NOT IN ({OLD_TRIGGERS}) OR r.expected_state = 'unlisted') AND r.status = 'due' LIMIT 1;
            IF newer IS NOT NULL THEN
                RAISE EXCEPTION 'a request is due that the older release does not know: %', newer
                    USING HINT = 'Have the workers judge what is due first.';
            END IF;
        END
        $do$
    """)
    op.execute(_birth_guard("<> 'building'", "an App is born in state building at version 1, not in % at %"))
    op.execute("DROP TRIGGER IF EXISTS review_subject_guard ON review")
    op.execute("DROP FUNCTION IF EXISTS review_subject_guard()")
    for table, names in (
        ("review", ("review_policy_version_fkey", "review_subject_fkey", "review_app_id_opened_version_fkey")),
        ("transition", ("transition_opens_fkey", "transition_submits_fkey", "transition_chain_fkey")),
        ("app", ("app_head_fkey",)),
        ("review", tuple(f"review_{name}_check" for name in REVIEW_CHECKS)),
        ("transition", tuple(f"transition_{name}_check" for name in CHECKS)),
    ):
        for name in names:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute("ALTER TABLE transition ALTER COLUMN from_open_kind SET DEFAULT 'none'")
    for column in ("from_open_review", "open_review", "from_published", "published"):
        op.execute(f"ALTER TABLE transition ALTER COLUMN {column} SET DEFAULT 0")
    op.execute("ALTER TABLE review ALTER COLUMN kind SET DEFAULT 'first'")
    op.execute("ALTER TABLE review ALTER COLUMN opened_version SET DEFAULT 0")
    op.execute("ALTER TABLE review ALTER COLUMN subject SET DEFAULT 0")
    op.execute("ALTER TABLE review ALTER COLUMN policy_version SET DEFAULT 1")
    op.execute("ALTER TABLE review ALTER COLUMN opened_by SET DEFAULT '00000000-0000-0000-0000-000000000000'")
    op.execute("ALTER TABLE transition ADD CONSTRAINT transition_target_key UNIQUE (app_id, version, to_state)")
    op.execute("ALTER TABLE review ADD CONSTRAINT review_submission_id_key UNIQUE (submission_id)")
    for table, name, definition in (
        ("transition", "transition_birth_check", "CHECK ((version = 1) = (trigger = 'create'))"),
        ("transition", "transition_edge_check", f"CHECK ((from_state, trigger, to_state) IN ({OLD_EDGES}))"),
        (
            "transition",
            "transition_chain_fkey",
            "FOREIGN KEY (app_id, previous_version, from_state) REFERENCES transition (app_id, version, to_state)",
        ),
        (
            "app",
            "app_head_fkey",
            "FOREIGN KEY (id, version, state) REFERENCES transition (app_id, version, to_state) "
            "DEFERRABLE INITIALLY DEFERRED",
        ),
        ("review", "review_submission_id_fkey", "FOREIGN KEY (submission_id) REFERENCES submission (id)"),
    ):
        add_constraint(table, name, definition)
        validate_constraints(table, name)
