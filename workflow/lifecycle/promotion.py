"""Promotion to public: requested when the deciding fact is recorded, and by a sweep for whatever was missed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import CUSTOMERS_ONBOARDED, OAUTH_ENABLED
from workflow.lifecycle.scheduled import not_requested, request_by_schedule
from workflow.policy.document import Policies, Policy, load_policies

MAX_PROMOTIONS = 10_000
"""Apps for which one sweep requests a promotion."""
PROMOTIONS_PER_STEP = 1_000
"""Apps that a sweep looks at in one transaction."""

_CANDIDATES = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.oauth_installed AND a.onboarded_customers >= :needed
       AND {not_requested("a.id", AppTrigger.PROMOTE)}
     ORDER BY a.onboarded_customers, a.id LIMIT :limit
""")

_CANDIDATES_WITHOUT_OAUTH = text(f"""
    SELECT a.id FROM app a
     WHERE a.state = 'public_beta' AND a.onboarded_customers >= :needed
       AND {not_requested("a.id", AppTrigger.PROMOTE)}
     ORDER BY a.id LIMIT :limit
""")


def request_promotions(session: Session, ids: Sequence[UUID]) -> None:
    """Enqueues a promotion for each of the Apps that has none due yet. Does not commit."""
    request_by_schedule(session, AppTrigger.PROMOTE, ids)


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
