"""Promotion to public: asked for when the deciding fact is recorded, and swept for in case that was missed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from workflow.actors import SCHEDULE
from workflow.loading import app_ids, load_facts
from workflow.machine import AppRulebook
from workflow.policy import Policies

_REQUEST = app_ids("""
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash)
    SELECT uuidv7(), app_id, 'promote', 'schedule', :principal_id, 'schedule', sha256(app_id::text::bytea)
      FROM unnest(:ids) AS app_id ORDER BY app_id
    ON CONFLICT (app_id, trigger) WHERE status = 'due' AND source = 'schedule' DO NOTHING
""")

_NOT_ASKED_FOR = """
    a.id NOT IN (SELECT app_id FROM transition_request WHERE status = 'due' AND source = 'schedule'
                 UNION ALL
                 SELECT app_id FROM transition_request WHERE status = 'dead' AND source = 'schedule')
"""
"""Each half has an index of nothing else, and is read once into a hash, however few the planner takes them for, as long
as the hash fits into work_mem: joined, every candidate could be compared with every request."""

_CANDIDATES = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.oauth_installed AND a.onboarded_customers >= :needed
       AND {_NOT_ASKED_FOR}
     ORDER BY a.onboarded_customers, a.id LIMIT :limit
""")

_CANDIDATES_WITHOUT_OAUTH = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.onboarded_customers >= :needed
       AND {_NOT_ASKED_FOR}
     ORDER BY a.id LIMIT :limit
""")


def request_promotions(session: Session, ids: Sequence[UUID]) -> None:
    """Enqueues one promotion for each App that has none due. Does not commit."""
    if ids:
        session.execute(_REQUEST, {"ids": list(ids), "principal_id": SCHEDULE.id})


def promote_eligible_apps(session: Session, policies: Policies, rulebook: AppRulebook, *, limit: int = 10_000) -> int:
    """Enqueues a promotion for every App that meets the current policy. Gives how many. Does not commit.

    Candidates come from a partial index; the rules then judge each, so a rule added later is not forgotten here.
    """
    ids = promotion_candidates(session, policies, limit=limit)
    loaded = load_facts(session, ids, policies)
    eligible = [app_id for app_id in ids if rulebook.judge(AppTrigger.PROMOTE, loaded[app_id].facts).allowed]
    request_promotions(session, eligible)
    return len(eligible)


def promotion_candidates(session: Session, policies: Policies, *, limit: int) -> Sequence[UUID]:
    """Gives Apps whose counted facts meet the current policy and for which no promotion is due or dead."""
    policy = policies.current
    statement = _CANDIDATES_WITHOUT_OAUTH if "oauth.enabled" in policy.observed else _CANDIDATES
    needed = 0 if "customers.onboarded" in policy.observed else policy.customers_to_promote
    return session.scalars(statement, {"needed": needed, "limit": limit}).all()
