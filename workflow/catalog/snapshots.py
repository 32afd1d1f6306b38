"""The snapshot of an App, for a submission and for a preview: one SQL expression for both."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.checklist import GIVEN_REQUIREMENTS, Requirement

_APART = (Requirement.TEST_ACCOUNT, Requirement.REPLAY_INFO)
OPEN_EVIDENCE = [code.value for code in GIVEN_REQUIREMENTS if code not in _APART]
"""The evidence that a snapshot holds. The test account is left out because each access to it is logged, the replay
information because it applies at once: both belong to no version."""

SNAPSHOT = """
    jsonb_build_object(
        'app', jsonb_build_object('slug', a.slug, 'name', a.name),
        'components', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                           'id', c.id, 'kind', c.kind, 'subkind', c.subkind, 'name', c.name,
                           'settings', c.settings, 'revision', c.revision) ORDER BY c.id), '[]')
                         FROM component c WHERE c.app_id = a.id AND c.removed_at IS NULL),
        'evidence', (SELECT coalesce(jsonb_object_agg(i.code, i.evidence), '{}')
                       FROM checklist_item i WHERE i.app_id = a.id AND i.code = ANY(:open_evidence)))
"""
"""An SQL expression over `app a`. Its parameter `open_evidence` must be OPEN_EVIDENCE."""

CATEGORIES = """
    ARRAY(SELECT jsonb_array_elements_text(CASE jsonb_typeof(s.snapshot->'evidence'->'app_info'->'categories')
                 WHEN 'array' THEN s.snapshot->'evidence'->'app_info'->'categories' ELSE '[]' END))
"""
"""The SQL expression for the categories of `submission s`."""

_PRESENT = text(f"SELECT {SNAPSHOT} FROM app a WHERE a.id = :app_id")


def current_snapshot(session: Session, app_id: UUID) -> dict[str, Any]:
    """Returns the snapshot that a submission of the App would store now. Locks nothing."""
    snapshot: dict[str, Any] = session.execute(
        _PRESENT, {"app_id": app_id, "open_evidence": OPEN_EVIDENCE}
    ).scalar_one()
    return snapshot
