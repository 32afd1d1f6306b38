"""What the database itself refuses, beyond constraints: triggers, and the privileges of the application role.

The migrations carry their own frozen copy; a test makes sure that the two are equal.
"""

from dataclasses import dataclass

from models.notification import DIGEST

APPLICATION_ROLE = "devcenter_app"
"""The role, or group role, that the processes use. It may not execute DDL and cannot rewrite history."""
TRACKING_ROLE = "devcenter_tracking"
"""The role of `devcenter tracking`, which talks to anybody. It sees streams by the hashes of their keys, and writes to
the sandbox: nothing else."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A function and the triggers that call it."""

    name: str
    body: str
    triggers: tuple[str, ...]
    returns: str = "trigger"

    @property
    def statements(self) -> tuple[str, ...]:
        """The DDL that creates the function, then its triggers."""
        function = (
            f"CREATE FUNCTION {self.name}() RETURNS {self.returns} LANGUAGE plpgsql "
            f"SET search_path = public, pg_temp AS $guard${self.body}$guard$"
        )
        return (function, *(f"{trigger} EXECUTE FUNCTION {self.name}()" for trigger in self.triggers))


_APP_BIRTH = Guard(
    "app_birth_guard",
    """
BEGIN
    IF NEW.version <> 1 OR NEW.state NOT IN ('building', 'public_beta') THEN
        RAISE EXCEPTION 'an App is born at version 1, building or adopted, not in % at %', NEW.state, NEW.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'app_birth_guard';
    END IF;
    RETURN NEW;
END
""",
    ("CREATE TRIGGER app_birth_guard BEFORE INSERT ON app FOR EACH ROW",),
)

_APP_FORWARD = Guard(
    "app_forward_guard",
    """
BEGIN
    IF NEW.version < OLD.version OR NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the version of App % only grows: % cannot follow %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'app_forward_guard';
    END IF;
    RETURN NEW;
END
""",
    ("CREATE TRIGGER app_forward_guard BEFORE UPDATE OF id, version ON app FOR EACH ROW",),
)

_TRANSITION_HEAD = Guard(
    "transition_head_guard",
    """
DECLARE
    ahead record;
BEGIN
    SELECT app.id, app.version AS app_version, head.version INTO ahead
      FROM (SELECT app_id, max(version) AS version FROM inserted GROUP BY app_id) AS head
      JOIN app ON app.id = head.app_id
     WHERE app.version <> head.version
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'App % is at version %, its log would end at %', ahead.id, ahead.app_version, ahead.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_head_guard',
                  HINT = 'Update the App first, then append to its log, in one transaction.';
    END IF;
    RETURN NULL;
END
""",
    (
        "CREATE TRIGGER transition_head_guard AFTER INSERT ON transition "
        "REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT",
    ),
)

_APPEND_ONLY_TABLES = (
    "audit_entry",
    "history_key",
    "history_segment",
    "internal_note",
    "policy_version",
    "review_message",
    "saved_reason",
    "submission",
    "transition",
)

_APPEND_ONLY = Guard(
    "append_only_guard",
    """
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'append_only_guard', TABLE = TG_TABLE_NAME;
END
""",
    tuple(
        f"CREATE TRIGGER {table}_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT"
        for table in _APPEND_ONLY_TABLES
    ),
)

_REVIEW_SUBJECT = Guard(
    "review_subject_guard",
    """
BEGIN
    RAISE EXCEPTION 'what review % is of never changes', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'review_subject_guard';
END
""",
    (
        "CREATE TRIGGER review_subject_guard BEFORE UPDATE OF id, submission_id, app_id, kind, opened_version, "
        "subject, policy_version, opened_by, decider ON review FOR EACH ROW",
    ),
)

_TOKEN_RECORD = Guard(
    "token_record_guard",
    """
BEGIN
    IF OLD.kind <> 'session' OR OLD.expires_at > now() THEN
        RAISE EXCEPTION 'token % stays: only a session that has ended is deleted', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'token_record_guard';
    END IF;
    RETURN OLD;
END
""",
    ("CREATE TRIGGER token_record_guard BEFORE DELETE ON api_token FOR EACH ROW",),
)

_MAIL_RECORD = Guard(
    "mail_record_guard",
    f"""
BEGIN
    IF OLD.status <> 'void' OR OLD.kind <> '{DIGEST}' THEN
        RAISE EXCEPTION 'notification % stays: only a daily overview that was not sent is deleted', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mail_record_guard';
    END IF;
    RETURN OLD;
END
""",
    ("CREATE TRIGGER mail_record_guard BEFORE DELETE ON notification FOR EACH ROW",),
)

OLD_WRITERS = Guard(
    "refuse_old_writer",
    """
BEGIN
    RAISE EXCEPTION 'this release is older than the schema, and its rows would lack columns: start the present one'
        USING ERRCODE = 'read_only_sql_transaction';
END
""",
    (),
    returns="text",
)
"""The default of a column that every writer must give. A release that does not know it waits, as for a database that is
read-only, until it is restarted: it would otherwise fail good requests."""

GUARDS: tuple[Guard, ...] = (
    _APP_BIRTH,
    _APP_FORWARD,
    _TRANSITION_HEAD,
    _APPEND_ONLY,
    _REVIEW_SUBJECT,
    _TOKEN_RECORD,
    _MAIL_RECORD,
)

_KEEP = ("SELECT", "INSERT")
_CHANGE = ("SELECT", "INSERT", "UPDATE")
_OWN = ("SELECT", "INSERT", "UPDATE", "DELETE")

PRIVILEGES: dict[str, tuple[str, ...]] = {
    "access_contact": _CHANGE,
    "access_request": _CHANGE,
    "address_proof": _OWN,
    "allowed_slug": _OWN,
    "api_token": _OWN,
    "app": _CHANGE,
    "apply_batch": _OWN,
    "asset": _OWN,
    "audit_entry": _KEEP,
    "catalog_entry": _OWN,
    "checklist_item": _OWN,
    "component": _CHANGE,
    "component_test": _CHANGE,
    "component_test_result": _OWN,
    "component_test_settings": _OWN,
    "customer": _CHANGE,
    "draft_check": _OWN,
    "failing_lane": _OWN,
    "grace_period": _CHANGE,
    "history_key": _KEEP,
    "history_segment": _KEEP,
    "host_proof": _OWN,
    "idempotency_key": _OWN,
    "internal_note": _KEEP,
    "invitation": _CHANGE,
    "job_tick": _OWN,
    "membership": _CHANGE,
    "notification": _OWN,
    "oauth_install": _CHANGE,
    "organization": _CHANGE,
    "person": _CHANGE,
    "person_identity": _OWN,
    "planned_publication": _CHANGE,
    "policy_version": _KEEP,
    "preview_link": _CHANGE,
    "rejected_message": _OWN,
    "resting_app": _OWN,
    "review": _CHANGE,
    "review_draft": _OWN,
    "review_message": _KEEP,
    "review_step": _CHANGE,
    "sandbox_declared": ("SELECT", "UPDATE"),
    "sandbox_event": ("SELECT", "INSERT", "DELETE"),
    "saved_reason": _KEEP,
    "service": _CHANGE,
    "sign_in_link": _OWN,
    "submission": _KEEP,
    "suspension": _CHANGE,
    "transition": _KEEP,
    "transition_reason": ("SELECT", "INSERT", "DELETE"),
    "transition_request": _CHANGE,
    "unread_messages": _OWN,
    "used_host": ("SELECT", "INSERT", "DELETE"),
    "website_check": _CHANGE,
}
"""What the application role may do to each table. A table without an entry fails a test."""

TRACKING_PRIVILEGES: dict[str, tuple[str, ...]] = {
    "sandbox_declared": _CHANGE,
    "sandbox_event": ("SELECT", "INSERT", "DELETE"),
    "tracked_stream": ("SELECT",),
}
"""What the role of `devcenter tracking` may do to each table and view: it alone counts what came of declared events."""

UNNEEDED_FUNCTIONS = (
    "lo_close",
    "lo_creat",
    "lo_create",
    "lo_export",
    "lo_from_bytea",
    "lo_get",
    "lo_import",
    "lo_lseek",
    "lo_lseek64",
    "lo_open",
    "lo_put",
    "lo_tell",
    "lo_tell64",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "loread",
    "lowrite",
    "pg_export_snapshot",
    "pg_logical_emit_message",
)
"""Functions of Postgres that everybody may execute by default, that leave something behind (a large object, WAL, a
file), and that nobody here needs."""

_NAMED = ", ".join(f"'{name}'" for name in UNNEEDED_FUNCTIONS)
WITHOUT_UNNEEDED_FUNCTIONS = f"""
DO $do$
DECLARE
    unneeded regprocedure;
BEGIN
    FOR unneeded IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ({_NAMED})
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', unneeded);
    END LOOP;
END
$do$
"""
"""Takes the functions from everybody but superusers, in the database that it is executed in. Only a superuser can."""
