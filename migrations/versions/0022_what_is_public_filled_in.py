"""The open review and what is published, filled in for the rows that there are, from the log itself."""

from collections.abc import Sequence

from migrations.online import fill_in_steps

revision: str = "0022"
down_revision: str | None = "0022d"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STEP = """
    PERFORM FROM app WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
    ALTER TABLE transition DISABLE TRIGGER transition_append_only_guard;
    UPDATE transition t
       SET from_open_kind = CASE WHEN t.from_state = 'submitted' THEN 'first' ELSE 'none' END,
           open_kind = CASE WHEN t.to_state = 'submitted' THEN 'first' ELSE 'none' END,
           from_open_review = CASE WHEN t.from_state = 'submitted' THEN t.version - 1 ELSE 0 END,
           open_review = CASE WHEN t.to_state = 'submitted' THEN t.version ELSE 0 END,
           from_published = CASE WHEN t.version > p.approved THEN p.approved - 1 ELSE 0 END,
           published = CASE WHEN t.version >= p.approved THEN p.approved - 1 ELSE 0 END,
           submits = CASE WHEN t.trigger = 'submit' THEN t.version END,
           opens = CASE WHEN t.trigger = 'submit' THEN t.version END,
           subject = CASE WHEN t.trigger = 'submit' THEN t.version END
      FROM unnest(ids) AS step (id) LEFT JOIN transition a ON a.app_id = step.id AND a.trigger = 'approve',
           LATERAL (SELECT coalesce(a.version, 2147483647) AS approved) p
     WHERE t.app_id = step.id
       AND (t.from_state = 'submitted' OR t.to_state = 'submitted' OR t.version >= p.approved);
    ALTER TABLE transition ENABLE TRIGGER transition_append_only_guard;
    UPDATE review r
       SET opened_version = s.app_version, subject = s.app_version, policy_version = s.policy_version,
           opened_by = s.submitted_by,
           categories = ARRAY(SELECT jsonb_array_elements_text(
                                  CASE jsonb_typeof(s.snapshot->'evidence'->'app_info'->'categories')
                                  WHEN 'array' THEN s.snapshot->'evidence'->'app_info'->'categories' ELSE '[]' END))
      FROM unnest(ids) AS step (id) JOIN submission s ON s.app_id = step.id
     WHERE r.submission_id = s.id;
    UPDATE app a
       SET open_kind = t.open_kind, open_review = t.open_review, published = t.published,
           looked_at = (SELECT r.closed_at FROM review r WHERE r.app_id = a.id AND r.outcome = 'approved'),
           touched = CASE WHEN t.published = 0 THEN '{}' ELSE ARRAY(
               SELECT i.code::text FROM checklist_item i JOIN submission s
                   ON s.app_id = a.id AND s.app_version = t.published
                WHERE i.app_id = a.id AND i.code NOT IN ('test_account', 'replay_info')
                  AND i.evidence IS DISTINCT FROM s.snapshot->'evidence'->i.code
               UNION
               SELECT 'name' FROM submission s
                WHERE s.app_id = a.id AND s.app_version = t.published AND s.snapshot->'app'->>'name' <> a.name
               UNION
               SELECT 'working_integration' FROM submission s
                WHERE s.app_id = a.id AND s.app_version = t.published
                  AND (SELECT coalesce(jsonb_agg(jsonb_build_array(c.id, c.revision) ORDER BY c.id), '[]')
                         FROM component c WHERE c.app_id = a.id AND c.removed_at IS NULL)
                      <> (SELECT coalesce(jsonb_agg(jsonb_build_array(k->'id', k->'revision') ORDER BY k->>'id'), '[]')
                            FROM jsonb_array_elements(s.snapshot->'components') k)
               ORDER BY 1) END
      FROM unnest(ids) AS step (id) JOIN transition t ON t.app_id = step.id
     WHERE a.id = step.id AND t.version = a.version;
    INSERT INTO suspension (app_id, version, suspended_by, suspended_at, confirm_by)
    SELECT t.app_id, t.version, t.actor_id, now(), now() + interval '1 day'
      FROM unnest(ids) AS step (id) JOIN app a ON a.id = step.id JOIN transition t ON t.app_id = a.id AND t.version = a.version
     WHERE a.state = 'suspended'
    ON CONFLICT (app_id, version) DO NOTHING;
"""
"""The Apps are locked first, as by those who judge. Suspensions count from now on, so that each can be appealed and confirmed. An App was approved at most once until now, and what was approved then is the submission of the version before."""


def upgrade() -> None:
    fill_in_steps("app", STEP)


def downgrade() -> None:
    """Nothing: the columns go with the revision that brought them."""
