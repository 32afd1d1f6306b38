"""Promotion to public: asked for when the deciding fact is recorded, and swept for in case that was missed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from workflow.identity.actors import SCHEDULE
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import CUSTOMERS_ONBOARDED, OAUTH_ENABLED
from workflow.policy.document import Policies, Policy, load_policies
from workflow.sql.arrays import app_ids

PROMOTED_AT_MOST, PROMOTED_AT_ONCE = 10_000, 1_000
"""Apps that one sweep asks to promote, and one step of it."""

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


def promote_eligible_apps(
    transaction: Callable[[], AbstractContextManager[Session]],
    rulebook: AppRulebook,
    asked: Callable[[], None],
    *,
    at_once: int = PROMOTED_AT_ONCE,
) -> None:
    """Enqueues a promotion for every App that meets the current policy, up to PROMOTED_AT_MOST.

    In steps of `at_once` Apps, each in a `transaction` of its own, after which `asked` is called when any was eligible:
    workers begin with the first while the rest is looked at.
    """
    with transaction() as session:
        policies = load_policies(session)
        candidates = promotion_candidates(session, policies, limit=PROMOTED_AT_MOST)
    for first in range(0, len(candidates), at_once):
        with transaction() as session:
            many = request_where_eligible(session, candidates[first : first + at_once], policies, rulebook)
        if many:
            asked()


def promotion_candidates(session: Session, policies: Policies, *, limit: int) -> Sequence[UUID]:
    """Returns Apps whose counted facts meet the current policy and for which no promotion is due or dead."""
    customers, oauth = counts_needed(policies.current)
    statement = _CANDIDATES if oauth else _CANDIDATES_WITHOUT_OAUTH
    return session.scalars(statement, {"needed": customers, "limit": limit}).all()


def request_where_eligible(
    session: Session, candidates: Sequence[UUID], policies: Policies, rulebook: AppRulebook
) -> int:
    """Enqueues a promotion for each of `candidates` that meets the current policy; returns how many. Does not commit.

    The rules judge each, so that one added later is not forgotten here.
    """
    loaded = load_facts(session, candidates, policies)
    eligible = [app_id for app_id, app in loaded.items() if rulebook.judge(AppTrigger.PROMOTE, app.facts).allowed]
    request_promotions(session, eligible)
    return len(eligible)


def is_counted_enough(policy: Policy, customers: int, oauth_installed: bool) -> bool:
    """Returns whether the App's counts allow a promotion. Then, and only then, the rules judge it."""
    needed, oauth = counts_needed(policy)
    return customers >= needed and (oauth_installed or not oauth)


def counts_needed(policy: Policy) -> tuple[int, bool]:
    """Returns how many customers a promotion needs, and whether it needs an OAuth install."""
    customers = 0 if CUSTOMERS_ONBOARDED.code in policy.observed else policy.customers_to_promote
    return customers, OAUTH_ENABLED.code not in policy.observed
