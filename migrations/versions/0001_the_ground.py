"""The ground: every table of the foundation, its guards and its grants, and the first policy."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GUARDS = (
    """CREATE FUNCTION app_birth_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    IF NEW.version <> 1 OR NEW.state <> 'building' THEN
        RAISE EXCEPTION 'an App is born in state building at version 1, not in % at %', NEW.state, NEW.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'app_birth_guard';
    END IF;
    RETURN NEW;
END
$guard$""",
    """CREATE TRIGGER app_birth_guard BEFORE INSERT ON app FOR EACH ROW EXECUTE FUNCTION app_birth_guard()""",
    """CREATE FUNCTION app_forward_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    IF NEW.version < OLD.version OR NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the version of App % only grows: % cannot follow %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'app_forward_guard';
    END IF;
    RETURN NEW;
END
$guard$""",
    """CREATE TRIGGER app_forward_guard BEFORE UPDATE OF id, version ON app FOR EACH ROW EXECUTE FUNCTION app_forward_guard()""",
    """CREATE FUNCTION transition_head_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
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
$guard$""",
    """CREATE TRIGGER transition_head_guard AFTER INSERT ON transition REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION transition_head_guard()""",
    """CREATE FUNCTION append_only_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'append_only_guard', TABLE = TG_TABLE_NAME;
END
$guard$""",
    """CREATE TRIGGER audit_entry_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()""",
    """CREATE TRIGGER policy_version_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()""",
    """CREATE TRIGGER submission_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON submission FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()""",
    """CREATE TRIGGER transition_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON transition FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()""",
)

APPLICATION_ROLE = """
DO $role$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_app') THEN
        CREATE ROLE devcenter_app NOLOGIN;
        GRANT devcenter_app TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$role$
"""

GRANTS = {
    "access_request": "SELECT, INSERT, UPDATE",
    "api_token": "SELECT, INSERT, UPDATE",
    "app": "SELECT, INSERT, UPDATE",
    "apply_batch": "SELECT, INSERT, UPDATE, DELETE",
    "audit_entry": "SELECT, INSERT",
    "checklist_item": "SELECT, INSERT, UPDATE, DELETE",
    "component": "SELECT, INSERT, UPDATE",
    "component_test": "SELECT, INSERT, UPDATE",
    "customer": "SELECT, INSERT, UPDATE",
    "idempotency_key": "SELECT, INSERT, UPDATE, DELETE",
    "invitation": "SELECT, INSERT, UPDATE",
    "job_tick": "SELECT, INSERT, UPDATE, DELETE",
    "notification": "SELECT, INSERT, UPDATE",
    "oauth_install": "SELECT, INSERT, UPDATE",
    "organization": "SELECT, INSERT, UPDATE",
    "person": "SELECT, INSERT, UPDATE",
    "policy_version": "SELECT, INSERT",
    "rejected_message": "SELECT, INSERT, UPDATE, DELETE",
    "review": "SELECT, INSERT, UPDATE",
    "review_step": "SELECT, INSERT, UPDATE",
    "service": "SELECT, INSERT, UPDATE",
    "submission": "SELECT, INSERT",
    "transition": "SELECT, INSERT",
    "transition_reason": "SELECT, INSERT, DELETE",
    "transition_request": "SELECT, INSERT, UPDATE",
}

TABLES_YOUNGEST_FIRST = (
    "review_step",
    "review",
    "transition_reason",
    "submission",
    "component_test",
    "transition_request",
    "transition",
    "oauth_install",
    "notification",
    "invitation",
    "customer",
    "component",
    "checklist_item",
    "api_token",
    "person",
    "app",
    "access_request",
    "service",
    "rejected_message",
    "policy_version",
    "organization",
    "job_tick",
    "idempotency_key",
    "audit_entry",
    "apply_batch",
)

FIRST_POLICY = """
INSERT INTO policy_version (version, document, note, published_by) VALUES (1, '{
    "review_business_days": 2,
    "due_soon_hours": 8,
    "time_zone": "America/Los_Angeles",
    "country": "US",
    "subdivision": null,
    "customers_to_promote": 3,
    "required_checklist": ["app_info", "platform_documentation", "partner_documentation", "catalog_details",
                           "partners_page", "launch_announcement", "test_account"],
    "review_steps": ["partner_documentation", "end_to_end_check"],
    "observed": []
}', 'The policy that an installation starts with.', '00000000-0000-7000-8000-000000000001')
"""


def upgrade() -> None:
    op.create_table(
        "apply_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("apply_batch_pkey")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_entry_pkey")),
    )
    op.create_index(op.f("audit_entry_target_id_idx"), "audit_entry", ["target", "id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("idempotency_key_pkey")),
    )
    op.create_index(op.f("idempotency_key_created_at_idx"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "job_tick",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("tick_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("job_tick_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("job_tick_attempts_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("job_tick_pkey")),
        sa.UniqueConstraint("job", "tick_at", name="job_tick_once_key"),
    )
    op.create_index("job_tick_dead_idx", "job_tick", ["id"], unique=False, postgresql_where=sa.text("status = 'dead'"))
    op.create_index(
        op.f("job_tick_due_at_id_idx"),
        "job_tick",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("organization_name_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("organization_pkey")),
    )
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("policy_version_version_check")),
        sa.PrimaryKeyConstraint("version", name=op.f("policy_version_pkey")),
    )
    op.create_table(
        "rejected_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("rejected_message_pkey")),
        sa.UniqueConstraint("digest", name=op.f("rejected_message_digest_key")),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("service_pkey")),
        sa.UniqueConstraint("name", name=op.f("service_name_key")),
    )
    op.create_table(
        "access_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("survey", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="requested", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name=op.f("access_request_decided_check")),
        sa.CheckConstraint(
            "state <> 'approved' OR organization_id IS NOT NULL", name=op.f("access_request_approved_check")
        ),
        sa.CheckConstraint(
            "state <> 'declined' OR decision_reason IS NOT NULL", name=op.f("access_request_declined_check")
        ),
        sa.CheckConstraint("state IN ('requested', 'approved', 'declined')", name=op.f("access_request_state_check")),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("access_request_decided_by_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("access_request_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("access_request_pkey")),
    )
    op.create_index(op.f("access_request_organization_id_idx"), "access_request", ["organization_id"], unique=False)
    op.create_table(
        "app",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("onboarded_customers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("oauth_installed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("app_slug_check")),
        sa.CheckConstraint(
            "state IN ('building', 'submitted', 'public_beta', 'public', 'suspended', 'removed')",
            name=op.f("app_state_check"),
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("app_name_check")),
        sa.CheckConstraint("onboarded_customers >= 0", name=op.f("app_onboarded_customers_check")),
        sa.CheckConstraint("version >= 1", name=op.f("app_version_check")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("app_organization_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("app_pkey")),
        sa.UniqueConstraint("slug", name=op.f("app_slug_key")),
    )
    op.create_index(
        "app_listed_idx",
        "app",
        ["slug"],
        unique=False,
        postgresql_where=sa.text("state IN ('public_beta', 'public')"),
    )
    op.create_index(op.f("app_organization_id_idx"), "app", ["organization_id"], unique=False)
    op.create_index(
        "app_promotion_candidate_idx",
        "app",
        ["onboarded_customers", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public_beta' AND oauth_installed"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(role = 'partner') = (organization_id IS NOT NULL)", name=op.f("person_belongs_check")),
        sa.CheckConstraint("role IN ('partner', 'reviewer', 'admin')", name=op.f("person_role_check")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("person_organization_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
    )
    op.create_index(
        "person_email_key",
        "person",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(op.f("person_organization_id_idx"), "person", ["organization_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'partner') = (organization_id IS NOT NULL)", name=op.f("api_token_organization_check")
        ),
        sa.CheckConstraint("(role = 'service') = (service_id IS NOT NULL)", name=op.f("api_token_service_check")),
        sa.CheckConstraint("role IN ('partner', 'reviewer', 'service', 'admin')", name=op.f("api_token_role_check")),
        sa.CheckConstraint("length(token_hash) = 32", name=op.f("api_token_token_hash_check")),
        sa.CheckConstraint("num_nonnulls(person_id, service_id) = 1", name=op.f("api_token_holder_check")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("api_token_organization_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("api_token_person_id_fkey")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("api_token_service_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_token_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("api_token_token_hash_key")),
    )
    op.create_index(op.f("api_token_organization_id_idx"), "api_token", ["organization_id"], unique=False)
    op.create_index(op.f("api_token_person_id_idx"), "api_token", ["person_id"], unique=False)
    op.create_index(op.f("api_token_service_id_idx"), "api_token", ["service_id"], unique=False)
    op.create_table(
        "checklist_item",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "code IN ('app_info', 'platform_documentation', 'partner_documentation', 'catalog_details', 'partners_page', 'launch_announcement', 'test_account', 'replay_info')",
            name=op.f("checklist_item_code_check"),
        ),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("checklist_item_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "code", name=op.f("checklist_item_pkey")),
    )
    op.create_table(
        "component",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subkind", sa.String(length=16), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'subscription' AND subkind = 'webhook') OR (kind = 'subscription' AND subkind = 'function') OR (kind = 'stream' AND subkind = '') OR (kind = 'plugin' AND subkind = 'web') OR (kind = 'plugin' AND subkind = 'ios') OR (kind = 'plugin' AND subkind = 'android')",
            name=op.f("component_kind_check"),
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("component_name_check")),
        sa.CheckConstraint("revision >= 1", name=op.f("component_revision_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("component_app_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("component_pkey")),
    )
    op.create_index(op.f("component_app_id_idx"), "component", ["app_id"], unique=False)
    op.create_table(
        "customer",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(workspace) >= 1", name=op.f("customer_workspace_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("customer_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "workspace", name=op.f("customer_pkey")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("access_request_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), server_default="partner", nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("role IN ('partner')", name=op.f("invitation_role_check")),
        sa.CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name=op.f("invitation_accepted_check")),
        sa.CheckConstraint("length(code_hash) = 32", name=op.f("invitation_code_hash_check")),
        sa.ForeignKeyConstraint(["accepted_by"], ["person.id"], name=op.f("invitation_accepted_by_fkey")),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("invitation_access_request_id_fkey")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("invitation_organization_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("invitation_pkey")),
        sa.UniqueConstraint("code_hash", name=op.f("invitation_code_hash_key")),
    )
    op.create_index(op.f("invitation_accepted_by_idx"), "invitation", ["accepted_by"], unique=False)
    op.create_index(op.f("invitation_access_request_id_idx"), "invitation", ["access_request_id"], unique=False)
    op.create_index(op.f("invitation_organization_id_idx"), "invitation", ["organization_id"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("app_version", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), server_default="email", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("channel IN ('email')", name=op.f("notification_channel_check")),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("notification_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("notification_attempts_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("notification_app_id_fkey")),
        sa.ForeignKeyConstraint(["recipient_id"], ["person.id"], name=op.f("notification_recipient_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("notification_pkey")),
        sa.UniqueConstraint("cause", "recipient_id", "channel", name="notification_once_key"),
    )
    op.create_index("notification_app_idx", "notification", ["app_id", "id"], unique=False)
    op.create_index(
        "notification_dead_idx",
        "notification",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'dead'"),
    )
    op.create_index(
        op.f("notification_due_at_id_idx"),
        "notification",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index(op.f("notification_recipient_id_idx"), "notification", ["recipient_id"], unique=False)
    op.create_table(
        "oauth_install",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(workspace) >= 1", name=op.f("oauth_install_workspace_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("oauth_install_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "workspace", name=op.f("oauth_install_pkey")),
    )
    op.create_table(
        "transition",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "previous_version",
            sa.Integer(),
            sa.Computed("CASE WHEN version > 1 THEN version - 1 END", persisted=True),
            nullable=True,
        ),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason_commitment", sa.LargeBinary(length=32), nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "(from_state, trigger, to_state) IN (('new', 'create', 'building'), ('building', 'submit', 'submitted'), ('submitted', 'withdraw', 'building'), ('submitted', 'request_changes', 'building'), ('submitted', 'approve', 'public_beta'), ('public_beta', 'promote', 'public'), ('public_beta', 'suspend', 'suspended'), ('public', 'suspend', 'suspended'), ('suspended', 'reinstate', 'public_beta'), ('building', 'remove', 'removed'), ('submitted', 'remove', 'removed'), ('public_beta', 'remove', 'removed'), ('public', 'remove', 'removed'), ('suspended', 'remove', 'removed'))",
            name=op.f("transition_edge_check"),
        ),
        sa.CheckConstraint("(version = 1) = (trigger = 'create')", name=op.f("transition_birth_check")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("transition_hash_check")),
        sa.CheckConstraint("version >= 1", name=op.f("transition_version_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "previous_version", "from_state"],
            ["transition.app_id", "transition.version", "transition.to_state"],
            name="transition_chain_fkey",
        ),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("transition_app_id_fkey")),
        sa.ForeignKeyConstraint(
            ["policy_version"], ["policy_version.version"], name=op.f("transition_policy_version_fkey")
        ),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("transition_pkey")),
        sa.UniqueConstraint("app_id", "request_id", name="transition_request_key"),
        sa.UniqueConstraint("app_id", "version", "to_state", name="transition_target_key"),
    )
    op.create_index("transition_at_idx", "transition", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "transition_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("expected_state", sa.String(length=16), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("unmet", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "observed",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(status = 'applied') = (version IS NOT NULL)", name=op.f("transition_request_applied_check")
        ),
        sa.CheckConstraint("(status = 'due') = (finished_at IS NULL)", name=op.f("transition_request_finished_check")),
        sa.CheckConstraint(
            "expected_state IN ('building', 'submitted', 'public_beta', 'public', 'suspended', 'removed')",
            name=op.f("transition_request_expected_state_check"),
        ),
        sa.CheckConstraint(
            "role IN ('partner', 'reviewer', 'service', 'admin', 'schedule')",
            name=op.f("transition_request_role_check"),
        ),
        sa.CheckConstraint("source IN ('http', 'message', 'schedule')", name=op.f("transition_request_source_check")),
        sa.CheckConstraint("status <> 'dead' OR last_error IS NOT NULL", name=op.f("transition_request_dead_check")),
        sa.CheckConstraint(
            "status IN ('due', 'applied', 'refused', 'dead')", name=op.f("transition_request_status_check")
        ),
        sa.CheckConstraint(
            "trigger IN ('submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove')",
            name=op.f("transition_request_trigger_check"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("transition_request_attempts_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("transition_request_app_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("transition_request_pkey")),
        sa.UniqueConstraint("principal_id", "idempotency_key", name="transition_request_idempotency_key"),
    )
    op.create_index(
        "transition_request_app_due_idx",
        "transition_request",
        ["app_id", "position"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index("transition_request_app_idx", "transition_request", ["app_id", "id"], unique=False)
    op.create_index(
        "transition_request_dead_idx",
        "transition_request",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'dead'"),
    )
    op.create_index(
        "transition_request_due_idx",
        "transition_request",
        ["due_at", "position"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index(
        "transition_request_finished_idx",
        "transition_request",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "transition_request_scheduled_key",
        "transition_request",
        ["app_id", "trigger"],
        unique=True,
        postgresql_where=sa.text("status = 'due' AND source = 'schedule'"),
    )
    op.create_table(
        "component_test",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("component_revision", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(length=8), nullable=True),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'done') = (colour IS NOT NULL)", name=op.f("component_test_done_check")),
        sa.CheckConstraint("colour IN ('green', 'yellow', 'red')", name=op.f("component_test_colour_check")),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("component_test_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("component_test_attempts_check")),
        sa.ForeignKeyConstraint(["component_id"], ["component.id"], name=op.f("component_test_component_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("component_test_pkey")),
    )
    op.create_index(op.f("component_test_component_id_id_idx"), "component_test", ["component_id", "id"], unique=False)
    op.create_index(
        op.f("component_test_due_at_id_idx"),
        "component_test",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("app_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('first', 'revision', 'health', 'appeal')", name=op.f("submission_kind_check")),
        sa.CheckConstraint("round >= 1", name=op.f("submission_round_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "app_version"],
            ["transition.app_id", "transition.version"],
            name=op.f("submission_app_id_app_version_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_version"], ["policy_version.version"], name=op.f("submission_policy_version_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("submission_pkey")),
        sa.UniqueConstraint("app_id", "app_version", name="submission_transition_key"),
    )
    op.create_table(
        "transition_reason",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["transition.app_id", "transition.version"],
            name=op.f("transition_reason_app_id_version_fkey"),
        ),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("transition_reason_pkey")),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_soon_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_soon_marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('approved', 'changes_requested', 'withdrawn', 'cancelled')",
            name=op.f("review_outcome_check"),
        ),
        sa.CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name=op.f("review_claimed_check")),
        sa.CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name=op.f("review_closed_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("review_app_id_fkey")),
        sa.ForeignKeyConstraint(["claimed_by"], ["person.id"], name=op.f("review_claimed_by_fkey")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("review_submission_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("review_pkey")),
        sa.UniqueConstraint("submission_id", name=op.f("review_submission_id_key")),
    )
    op.create_index(op.f("review_claimed_by_idx"), "review", ["claimed_by"], unique=False)
    op.create_index(
        "review_due_soon_idx",
        "review",
        ["due_soon_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND due_soon_marked_at IS NULL"),
    )
    op.create_index(
        "review_open_app_key",
        "review",
        ["app_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "review_overdue_idx",
        "review",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND overdue_marked_at IS NULL"),
    )
    op.create_index(
        "review_queue_idx",
        "review",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "review_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="pending", nullable=False),
        sa.Column("run", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "findings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name=op.f("review_step_decided_check")),
        sa.CheckConstraint("state <> 'waived' OR reason IS NOT NULL", name=op.f("review_step_waived_check")),
        sa.CheckConstraint(
            "state IN ('pending', 'passed', 'warned', 'failed', 'waived', 'cancelled')",
            name=op.f("review_step_state_check"),
        ),
        sa.CheckConstraint("status <> 'due' OR state = 'pending'", name=op.f("review_step_due_check")),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("review_step_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("review_step_attempts_check")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("review_step_review_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("review_step_pkey")),
        sa.UniqueConstraint("review_id", "code", name="review_step_code_key"),
    )
    op.create_index(
        "review_step_dead_idx",
        "review_step",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'dead'"),
    )
    op.create_index(
        op.f("review_step_due_at_id_idx"),
        "review_step",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_foreign_key(
        "app_head_fkey",
        "app",
        "transition",
        ["id", "version", "state"],
        ["app_id", "version", "to_state"],
        initially="DEFERRED",
        deferrable=True,
    )
    for statement in GUARDS:
        op.execute(statement)
    op.execute(APPLICATION_ROLE)
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO devcenter_app")
    op.execute("GRANT SELECT ON alembic_version TO devcenter_app")
    op.execute(FIRST_POLICY)


def downgrade() -> None:
    op.drop_constraint("app_head_fkey", "app", type_="foreignkey")
    for table in TABLES_YOUNGEST_FIRST:
        op.drop_table(table)
    op.execute("DROP FUNCTION app_birth_guard()")
    op.execute("DROP FUNCTION app_forward_guard()")
    op.execute("DROP FUNCTION transition_head_guard()")
    op.execute("DROP FUNCTION append_only_guard()")
