"""Loads the facts of many Apps with one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.lifecycle import StepState
from workflow.history.digests import submission_digest
from workflow.identity.staff import may_review
from workflow.lifecycle.facts import ComponentFacts, Facts, ReviewFacts, StepFacts
from workflow.policy.document import Policies, Policy
from workflow.sql.arrays import app_ids


@dataclass(frozen=True, slots=True)
class LoadedApp:
    """An App's facts, and what the writer needs in addition: the hash of the log's head and the open review's id."""

    app_id: UUID
    facts: Facts
    head_hash: bytes
    review_id: UUID | None


def facts_of(apps: str) -> str:
    """Returns the query for the facts of the Apps whose id equals the SQL expression `apps`, such as `ANY(:ids)`."""
    return f"""
    SELECT a.id, a.slug, a.organization_id, a.created_by, a.state, a.version, a.onboarded_customers,
           a.oauth_installed, t.hash AS head_hash,
           coalesce((SELECT true FROM access_request q
                      WHERE q.organization_id = a.organization_id AND q.state = 'approved' LIMIT 1), false)
               AS access_approved,
           (SELECT jsonb_agg(jsonb_build_array(c.name, latest.colour) ORDER BY c.id)
              FROM component c
              LEFT JOIN LATERAL (SELECT t.colour FROM component_test t
                                  WHERE t.component_id = c.id AND t.component_revision = c.revision
                                    AND t.status = 'done'
                                  ORDER BY t.position DESC LIMIT 1) latest ON true
             WHERE c.app_id = a.id AND c.removed_at IS NULL) AS components,
           ARRAY(SELECT i.code FROM checklist_item i WHERE i.app_id = a.id AND i.findings = '[]') AS checklist,
           r.id AS review_id, r.claimed_by, s.policy_version AS review_policy, s.submitted_by,
           CASE WHEN r.id IS NOT NULL THEN {submission_digest("s")} END AS submission_digest,
           holder.id IS NOT NULL AS holder_stays,
           CASE WHEN a.state = 'building' THEN (
               SELECT p.id FROM (SELECT z.claimed_by, z.outcome
                                   FROM submission y JOIN review z ON z.submission_id = y.id
                                  WHERE y.app_id = a.id ORDER BY y.app_version DESC LIMIT 1) latest
                 JOIN person p ON p.id = latest.claimed_by AND {may_review("p", "now()")}
                WHERE latest.outcome = 'changes_requested') END AS last_reviewer,
           (SELECT jsonb_agg(jsonb_build_array(step.code, step.state) ORDER BY step.code)
              FROM review_step step WHERE step.review_id = r.id) AS steps
      FROM app a
      JOIN transition t ON t.app_id = a.id AND t.version = a.version
      LEFT JOIN review r ON r.app_id = a.id AND r.closed_at IS NULL
      LEFT JOIN submission s ON s.id = r.submission_id
      LEFT JOIN person holder ON holder.id = r.claimed_by AND {may_review("holder", "now()")}
     WHERE a.id = {apps}
    """


_FACTS = app_ids(facts_of("ANY(:ids)"))


def load_facts(session: Session, ids: Sequence[UUID], policies: Policies) -> dict[UUID, LoadedApp]:
    """Returns the facts of the Apps `ids` by id, with a single query; unknown ids are left out.

    Locks nothing: a caller that decides by the facts must already hold the Apps' locks.
    """
    if not ids:
        return {}
    return loaded_apps(session.execute(_FACTS, {"ids": ids}), policies)


def loaded_apps(rows: Iterable[Any], policies: Policies) -> dict[UUID, LoadedApp]:
    """Returns the Apps in the result of a `facts_of` query, by id."""
    current = policies.current
    return {row.id: _loaded(row, policies, current) for row in rows}


def _loaded(row: Any, policies: Policies, current: Policy) -> LoadedApp:
    facts = Facts(
        slug=row.slug,
        organization_id=row.organization_id,
        created_by=row.created_by,
        state=row.state,
        version=row.version,
        access_approved=row.access_approved,
        components=tuple(ComponentFacts(name, colour) for name, colour in row.components or ()),
        checklist=frozenset(row.checklist),
        oauth_installed=row.oauth_installed,
        onboarded_customers=row.onboarded_customers,
        review=_review(row, policies) if row.review_id else None,
        policy=current,
        last_reviewer=row.last_reviewer,
    )
    return LoadedApp(row.id, facts, bytes(row.head_hash), row.review_id)


def _review(row: Any, policies: Policies) -> ReviewFacts:
    steps = tuple(StepFacts(code, StepState(state)) for code, state in row.steps or ())
    policy = policies.by_version[row.review_policy]
    digest = bytes(row.submission_digest)
    return ReviewFacts(policy, row.submitted_by, row.claimed_by, steps, row.holder_stays, digest)
