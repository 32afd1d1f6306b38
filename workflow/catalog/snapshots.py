"""What a submission freezes of an App, and the same of an App as it stands now: one expression for both."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.checklist import GIVEN_REQUIREMENTS, Requirement

OPEN_EVIDENCE = [code.value for code in GIVEN_REQUIREMENTS if code is not Requirement.TEST_ACCOUNT]
"""What a snapshot may hold: all evidence but the test account, whose readings are logged one by one."""

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
"""An SQL expression over `app a`; its parameter `open_evidence` is OPEN_EVIDENCE."""

_PRESENT = text(f"SELECT {SNAPSHOT} FROM app a WHERE a.id = :app_id")


def present_snapshot(session: Session, app_id: UUID) -> dict[str, Any]:
    """Returns what a submission of the App would freeze now."""
    snapshot: dict[str, Any] = session.execute(
        _PRESENT, {"app_id": app_id, "open_evidence": OPEN_EVIDENCE}
    ).scalar_one()
    return snapshot
