"""Loading the facts of many Apps with a constant number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session

from models.lifecycle import StepState
from workflow.facts import ComponentFacts, Facts, ReviewFacts, StepFacts
from workflow.policy import Policies


@dataclass(frozen=True, slots=True)
class LoadedApp:
    """An App's facts, with what the writer needs besides: the hash of its head and its open review."""

    app_id: UUID
    facts: Facts
    head_hash: bytes
    review_id: UUID | None


def app_ids(statement: str) -> Any:
    """Gives `statement` with its parameter `ids` typed as an array of UUIDs."""
    return text(statement).bindparams(bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))))


_APPS = app_ids("""
    SELECT a.id, a.slug, a.organization_id, a.created_by, a.state, a.version, a.onboarded_customers,
           a.oauth_installed, t.hash AS head_hash,
           EXISTS (SELECT FROM access_request r
                    WHERE r.organization_id = a.organization_id AND r.state = 'approved') AS access_approved,
           p.id AS last_reviewer
      FROM app a JOIN transition t ON t.app_id = a.id AND t.version = a.version
      LEFT JOIN LATERAL (SELECT r.claimed_by, r.outcome FROM submission s JOIN review r ON r.submission_id = s.id
                          WHERE s.app_id = a.id ORDER BY s.app_version DESC LIMIT 1) latest ON true
      LEFT JOIN person p ON p.id = latest.claimed_by AND latest.outcome = 'changes_requested'
                        AND p.removed_at IS NULL AND p.role IN ('reviewer', 'admin')
     WHERE a.id = ANY(:ids)
""")

_COMPONENTS = app_ids("""
    SELECT c.app_id, c.name, latest.colour
      FROM component c
      LEFT JOIN LATERAL (SELECT t.colour FROM component_test t
                          WHERE t.component_id = c.id AND t.component_revision = c.revision AND t.status = 'done'
                          ORDER BY t.id DESC LIMIT 1) latest ON true
     WHERE c.app_id = ANY(:ids) AND c.removed_at IS NULL
     ORDER BY c.app_id, c.id
""")

_CHECKLIST = app_ids("SELECT app_id, code FROM checklist_item WHERE app_id = ANY(:ids) AND findings = '[]'")

_REVIEWS = app_ids("""
    SELECT r.app_id, r.id, r.claimed_by, s.policy_version, s.submitted_by, p.id IS NOT NULL AS holder_stays
      FROM review r JOIN submission s ON s.id = r.submission_id
      LEFT JOIN person p ON p.id = r.claimed_by AND p.removed_at IS NULL AND p.role IN ('reviewer', 'admin')
     WHERE r.app_id = ANY(:ids) AND r.closed_at IS NULL
""")

_STEPS = app_ids("SELECT review_id, code, state FROM review_step WHERE review_id = ANY(:ids) ORDER BY code")


def load_facts(session: Session, ids: Sequence[UUID], policies: Policies) -> dict[UUID, LoadedApp]:
    """Gives the facts of the Apps `ids` (unknown ones are left out), in five queries however many they are.

    Whoever decides by them must hold the Apps' locks.
    """
    wanted = {"ids": list(ids)}
    components: dict[UUID, list[ComponentFacts]] = defaultdict(list)
    for row in session.execute(_COMPONENTS, wanted):
        components[row.app_id].append(ComponentFacts(row.name, row.colour))
    checklist: dict[UUID, set[str]] = defaultdict(set)
    for row in session.execute(_CHECKLIST, wanted):
        checklist[row.app_id].add(row.code)
    reviews = _load_reviews(session, wanted, policies)
    loaded = {}
    for row in session.execute(_APPS, wanted):
        review_id, review = reviews.get(row.id, (None, None))
        facts = Facts(
            slug=row.slug,
            organization_id=row.organization_id,
            created_by=row.created_by,
            state=row.state,
            version=row.version,
            access_approved=row.access_approved,
            components=tuple(components[row.id]),
            checklist=frozenset(checklist[row.id]),
            oauth_installed=row.oauth_installed,
            onboarded_customers=row.onboarded_customers,
            review=review,
            policy=policies.current,
            last_reviewer=row.last_reviewer,
        )
        loaded[row.id] = LoadedApp(row.id, facts, bytes(row.head_hash), review_id)
    return loaded


def _load_reviews(
    session: Session, wanted: dict[str, list[UUID]], policies: Policies
) -> dict[UUID, tuple[UUID, ReviewFacts]]:
    rows = session.execute(_REVIEWS, wanted).all()
    steps: dict[UUID, list[StepFacts]] = defaultdict(list)
    for row in session.execute(_STEPS, {"ids": [row.id for row in rows]}):
        steps[row.review_id].append(StepFacts(row.code, StepState(row.state)))
    return {
        row.app_id: (
            row.id,
            ReviewFacts(
                policies.by_version[row.policy_version],
                row.submitted_by,
                row.claimed_by,
                tuple(steps[row.id]),
                row.holder_stays,
            ),
        )
        for row in rows
    }
