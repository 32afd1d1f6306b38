"""More review steps in the policy of an installation that nobody has used yet. Others gain them by publishing."""

from collections.abc import Sequence

from alembic import op

revision: str = "0031"
down_revision: str | None = "0031a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OURS = "'00000000-0000-7000-8000-000000000001'"
MORE = """'["documentation_links", "platform_documentation", "spec_adherence", "drift", "documentation_check", "catalog_entry_check", "components_reviewed"]'::jsonb"""
PUBLISH = f"""
INSERT INTO policy_version (version, document, note, published_by)
SELECT version + 1, jsonb_set(document, '{{{{review_steps}}}}', {{steps}}), '{{note}}', {OURS}
  FROM policy_version
 WHERE version = (SELECT max(version) FROM policy_version) AND document -> 'review_steps' IS DISTINCT FROM {{steps}}
   AND NOT EXISTS (SELECT FROM app)
   AND NOT EXISTS (SELECT FROM policy_version WHERE published_by <> {OURS})
"""
WITH_MORE = f"""(
    SELECT jsonb_agg(DISTINCT step) FROM jsonb_array_elements(document -> 'review_steps' || {MORE}) AS steps (step)
)"""
WITHOUT = f"""(
    SELECT coalesce(jsonb_agg(step), '[]') FROM jsonb_array_elements(document -> 'review_steps') AS steps (step)
     WHERE NOT {MORE} @> step
)"""


def upgrade() -> None:
    note = "Links, templates, names of events and drift are looked at too, and people look at documentation, entry and Components."
    op.execute(PUBLISH.format(steps=WITH_MORE, note=note))


def downgrade() -> None:
    op.execute(PUBLISH.format(steps=WITHOUT, note="The code knows fewer review steps again."))
