"""Loads the facts of many Apps with one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.lifecycle import PROPOSALS, AppTrigger, ReviewKind, StepState
from models.review import ReviewOutcome
from workflow.history.digests import submission_digest
from workflow.identity.staff import may_review
from workflow.lifecycle.facts import URGENT_DAYS, ComponentFacts, Facts, Proposal, SuspensionFacts
from workflow.lifecycle.review_facts import LastDecision, ReviewFacts, StepFacts
from workflow.policy.document import Policies, Policy
from workflow.sql.arrays import app_ids
from workflow.tested import component_colour


@dataclass(frozen=True, slots=True)
class LoadedApp:
    """An App's facts, and what the writer needs in addition: the hash of the log's head and the open review's id."""

    app_id: UUID
    facts: Facts
    head_hash: bytes
    review_id: UUID | None


_PROPOSED = ", ".join(f"'{proposal.value}'" for proposal in PROPOSALS.values())


def _took_part(review: str) -> str:
    """Returns the SQL array of who decided a step of the App's review, or proposed its approval."""
    return f"""
        ARRAY(SELECT done.decided_by FROM review_step done
               WHERE done.review_id = {review}.id AND done.decided_by IS NOT NULL
               UNION
              SELECT b.actor_id FROM transition b
               WHERE b.app_id = a.id AND b.version > {review}.opened_version
                 AND b.open_review = {review}.opened_version AND b.trigger = '{AppTrigger.PROPOSE_APPROVE.value}')
    """


def facts_of(apps: str) -> str:
    """Returns the query for the facts of the Apps whose id equals the SQL expression `apps`, such as `ANY(:ids)`."""
    return f"""
    SELECT a.id, a.slug, a.organization_id, a.created_by, a.state, a.version, a.onboarded_customers,
           a.oauth_installed, a.published, a.touched, a.looked_at, now() AS now, t.hash AS head_hash,
           coalesce((SELECT true FROM access_request q
                      WHERE q.organization_id = a.organization_id AND q.state = 'approved' LIMIT 1), false)
               AS access_approved,
           (SELECT p.id FROM person p WHERE p.organization_id = a.organization_id AND p.owner) AS owner_id,
           (SELECT jsonb_agg(jsonb_build_array(c.name, {component_colour("c")}, c.subkind) ORDER BY c.id)
              FROM component c
             WHERE c.app_id = a.id AND c.removed_at IS NULL) AS components,
           given.checklist, given.draft_categories,
           r.id AS review_id, r.kind, r.opened_version, r.claimed_by, r.policy_version AS review_policy, r.opened_by,
           r.decider, r.involved, r.categories,
           CASE WHEN r.id IS NOT NULL THEN {submission_digest("s")} END AS submission_digest,
           CASE WHEN r.id IS NOT NULL THEN {_took_part("r")} END AS took_part,
           holder.id IS NOT NULL AS holder_stays,
           last.outcome AS last_outcome, last.kind AS last_kind, last.claimed_by AS last_holder,
           last.policy_version AS last_policy, last.closed_at AS last_closed_at, last.categories AS last_categories,
           CASE WHEN last.outcome = 'changes_requested' AND last.kind <> 'appeal' THEN
               ARRAY(SELECT done.code FROM review_step done WHERE done.review_id = last.id) END AS last_steps,
           CASE WHEN last.outcome = 'changes_requested' AND last.kind <> 'appeal' THEN {_took_part("last")} END
               AS last_took_part,
           CASE WHEN last.outcome IN ('changes_requested', 'upheld') THEN (
               SELECT p.id FROM person p WHERE p.id = last.claimed_by AND {may_review("p", "now()")}) END
               AS last_reviewer,
           u.suspended_by, u.confirmed_by, u.only_reinstated, u.suspended_at,
           CASE WHEN u.app_id IS NOT NULL THEN
               EXISTS (SELECT FROM review z WHERE z.app_id = a.id AND z.kind = 'appeal'
                          AND z.opened_version > u.version) END AS suspension_appealed,
           CASE WHEN a.proposal > 0 THEN (
               SELECT jsonb_build_array(b.version, b.trigger, b.actor_id, b.at,
                                        EXISTS (SELECT FROM person p WHERE p.id = b.actor_id AND p.role = b.actor_role
                                                   AND p.removed_at IS NULL))
                 FROM transition b
                WHERE b.app_id = a.id AND b.version = a.proposal AND b.trigger IN ({_PROPOSED})) END AS proposal,
           CASE WHEN last.opened_version = a.published THEN last.categories WHEN a.published > 0 THEN (
               SELECT z.categories FROM review z WHERE z.app_id = a.id AND z.opened_version = a.published LIMIT 1) END
               AS public_categories,
           EXISTS (SELECT FROM grace_period g WHERE g.app_id = a.id AND g.ended_at IS NULL) AS in_grace,
           (SELECT count(*) FROM review z WHERE z.app_id = a.id AND z.urgency = 0
               AND z.opened_at > now() - interval '{URGENT_DAYS} days') AS urgent_lately,
           (SELECT jsonb_agg(jsonb_build_array(step.code, step.state, step.observed) ORDER BY step.code)
              FROM review_step step WHERE step.review_id = r.id) AS steps
      FROM app a
      JOIN transition t ON t.app_id = a.id AND t.version = a.version
      LEFT JOIN LATERAL (SELECT z.* FROM review z WHERE z.app_id = a.id AND z.closed_at IS NULL LIMIT 1) r ON true
      LEFT JOIN submission s ON s.id = r.submission_id
      LEFT JOIN person holder ON holder.id = r.claimed_by AND {may_review("holder", "now()")}
      LEFT JOIN LATERAL (SELECT z.id, z.kind, z.outcome, z.claimed_by, z.policy_version, z.closed_at, z.categories,
                                z.opened_version
                           FROM review z
                          WHERE z.app_id = a.id AND z.kind <> 'health'
                            AND (z.kind <> 'appeal' OR z.outcome <> 'cancelled')  -- undecided: it used nothing up
                          ORDER BY z.opened_version DESC LIMIT 1) last ON true
      LEFT JOIN LATERAL (SELECT array_agg(i.code) FILTER (WHERE i.findings = '[]') AS checklist,
                                (array_agg(i.evidence->'categories') FILTER (WHERE i.code = 'app_info'))[1]
                                    AS draft_categories
                           FROM checklist_item i WHERE i.app_id = a.id) given ON true
      LEFT JOIN LATERAL (SELECT z.* FROM suspension z
                          WHERE a.state = 'suspended' AND z.app_id = a.id AND z.ended_at IS NULL LIMIT 1) u ON true
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
        components=tuple(ComponentFacts(*component) for component in row.components or ()),
        checklist=frozenset(row.checklist or ()),
        oauth_installed=row.oauth_installed,
        onboarded_customers=row.onboarded_customers,
        review=_review(row, policies) if row.review_id else None,
        policy=current,
        last_reviewer=row.last_reviewer,
        published=row.published,
        touched=frozenset(row.touched),
        last_decision=_last_decision(row, policies),
        suspension=_suspension(row) if row.suspended_by else None,
        proposal=_proposal(*row.proposal) if row.proposal else None,
        in_grace=row.in_grace,
        urgent_lately=row.urgent_lately,
        categories=_categories(row.draft_categories),
        public_categories=frozenset(row.public_categories or ()),
        owner_id=row.owner_id,
        looked_at=row.looked_at,
        now=row.now,
    )
    return LoadedApp(row.id, facts, bytes(row.head_hash), row.review_id)


def _review(row: Any, policies: Policies) -> ReviewFacts:
    return ReviewFacts(
        kind=ReviewKind(row.kind),
        opened=row.opened_version,
        policy=policies.by_version[row.review_policy],
        opened_by=row.opened_by,
        claimed_by=row.claimed_by,
        steps=tuple(StepFacts(code, StepState(state), observed) for code, state, observed in row.steps or ()),
        holder_stays=row.holder_stays,
        decider=row.decider,
        involved=frozenset(row.involved),
        took_part=frozenset(row.took_part),
        categories=frozenset(row.categories),
        submission_digest=bytes(row.submission_digest),
    )


def _last_decision(row: Any, policies: Policies) -> LastDecision | None:
    if row.last_outcome != ReviewOutcome.CHANGES_REQUESTED or row.last_kind == ReviewKind.APPEAL:
        return None
    policy = policies.by_version[row.last_policy]
    categories, steps = frozenset(row.last_categories), frozenset(row.last_steps)
    took_part = frozenset(row.last_took_part)
    return LastDecision(row.last_holder, policy, row.last_closed_at, categories, steps, took_part)


def _categories(given: Any) -> frozenset[str]:
    """Returns the categories that a draft gives, which may have any form."""
    return frozenset(map(str, given)) if isinstance(given, list) else frozenset()


def _suspension(row: Any) -> SuspensionFacts:
    return SuspensionFacts(
        row.suspended_by, row.only_reinstated, row.suspension_appealed, row.suspended_at, row.confirmed_by
    )


def _proposal(version: int, trigger: str, proposed_by: str, at: str, stays: bool) -> Proposal:
    return Proposal(version, AppTrigger(trigger), UUID(proposed_by), datetime.fromisoformat(at), stays)
