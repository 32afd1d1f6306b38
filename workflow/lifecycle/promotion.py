"""Promotion to public: requested when the deciding fact is recorded, and by a sweep for whatever was missed."""

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

MAX_PROMOTIONS = 10_000
"""Apps for which one sweep requests a promotion."""
PROMOTIONS_PER_STEP = 1_000
"""Apps that a sweep looks at in one transaction."""

_REQUEST = app_ids("""
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash)
    SELECT uuidv7(), app_id, 'promote', 'schedule', :principal_id, 'schedule', sha256(app_id::text::bytea)
      FROM unnest(:ids) AS app_id ORDER BY app_id
    ON CONFLICT (app_id, trigger) WHERE status = 'due' AND source = 'schedule' DO NOTHING
""")

_NOT_REQUESTED = """
    a.id NOT IN (SELECT app_id FROM transition_request
                  WHERE status = 'due' AND source = 'schedule' AND trigger = 'promote'
                 UNION ALL
                 SELECT app_id FROM transition_request
                  WHERE status = 'dead' AND source = 'schedule' AND trigger = 'promote')
"""
"""Each half has an index that holds nothing else. NOT IN reads both once into a hash, as long as that fits into
work_mem, however many rows the planner expects. A join might compare every candidate with every request."""

_CANDIDATES = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.oauth_installed AND a.onboarded_customers >= :needed
       AND {_NOT_REQUESTED}
     ORDER BY a.onboarded_customers, a.id LIMIT :limit
""")

_CANDIDATES_WITHOUT_OAUTH = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.onboarded_customers >= :needed
       AND {_NOT_REQUESTED}
     ORDER BY a.id LIMIT :limit
""")


def request_promotions(session: Session, ids: Sequence[UUID]) -> None:
    """Enqueues a promotion for each of the Apps that has none due yet. Does not commit."""
    if ids:
        session.execute(_REQUEST, {"ids": list(ids), "principal_id": SCHEDULE.id})


def promote_eligible_apps(
    transaction: Callable[[], AbstractContextManager[Session]],
    rulebook: AppRulebook,
    requested: Callable[[], None],
    *,
    per_step: int = PROMOTIONS_PER_STEP,
) -> None:
    """Enqueues a promotion for every App that meets the current policy, for at most MAX_PROMOTIONS Apps.

    Looks at `per_step` Apps at a time, each step in a `transaction` of its own that commits. After a step that
    enqueued something it calls `requested`, so that workers can begin while the sweep goes on.
    """
    with transaction() as session:
        policies = load_policies(session)
        candidates = promotion_candidates(session, policies, limit=MAX_PROMOTIONS)
    for first in range(0, len(candidates), per_step):
        with transaction() as session:
            count = request_where_eligible(session, candidates[first : first + per_step], policies, rulebook)
        if count:
            requested()


def promotion_candidates(session: Session, policies: Policies, *, limit: int) -> Sequence[UUID]:
    """Returns up to `limit` Apps whose counts meet the current policy and for which no promotion is due or dead."""
    customers, oauth = required_counts(policies.current)
    statement = _CANDIDATES if oauth else _CANDIDATES_WITHOUT_OAUTH
    return session.scalars(statement, {"needed": customers, "limit": limit}).all()


def request_where_eligible(
    session: Session, candidates: Sequence[UUID], policies: Policies, rulebook: AppRulebook
) -> int:
    """Enqueues a promotion for each of `candidates` that meets the current policy. Returns how many. Does not commit.

    The rules of `promote` judge each candidate, so a rule that is added later applies here without a change.
    """
    loaded = load_facts(session, candidates, policies)
    eligible = [app_id for app_id, app in loaded.items() if rulebook.judge(AppTrigger.PROMOTE, app.facts).allowed]
    request_promotions(session, eligible)
    return len(eligible)


def meets_counts(policy: Policy, customers: int, oauth_installed: bool) -> bool:
    """Returns whether the App's counts allow a promotion. Only then is it worth having the rules judge it."""
    needed, oauth = required_counts(policy)
    return customers >= needed and (oauth_installed or not oauth)


def required_counts(policy: Policy) -> tuple[int, bool]:
    """Returns how many customers a promotion needs, and whether it needs an OAuth install."""
    customers = 0 if CUSTOMERS_ONBOARDED.code in policy.observed else policy.customers_to_promote
    return customers, OAUTH_ENABLED.code not in policy.observed
