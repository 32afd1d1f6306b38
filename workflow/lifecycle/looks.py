"""Looking again at what is public: health reviews are requested when they are due, and ended by their steps.

Those that are due at once, as after an adoption or a new policy, are spread over most of the time between two looks.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger, ReviewKind
from workflow.lifecycle.facts import steps_of_looks
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.scheduled import not_requested, request_by_schedule
from workflow.policy.document import Policies, load_policies
from workflow.reviewing.grace import LOOK_IN_GRACE
from workflow.sql.locks import LockSpace, lock_names

MIN_LOOKS: Final = 2
"""The looks that one run may request, however few Apps there are."""
HEADROOM: Final = 1.25
"""How much faster looks are requested than they become due, so that what is late is caught up with."""
LOOKS_PER_STEP: Final = 500
"""The looks that one transaction requests, or ends."""


def looks_per_run(apps: int, *, interval: timedelta, every: timedelta) -> int:
    """Returns how many looks a run that comes `every` so often may request for `apps`, each due once an `interval`."""
    return max(MIN_LOOKS, math.ceil(apps * (every / interval) * HEADROOM))


def request_due_looks(
    transaction: Callable[[], AbstractContextManager[Session]],
    now: datetime,
    requested: Callable[[], None],
    *,
    every: timedelta,
    per_step: int = LOOKS_PER_STEP,
) -> int:
    """Requests a look at Apps where one is due, the longest due first, and returns how many.

    A look is due `health_days` after the last approval or look that found nothing; while a company has time to mend,
    LOOK_IN_GRACE after the flag. None is due while what was approved waits for its day. A run requests no more than
    `looks_per_run` of each, in steps that each commit in a `transaction` of their own. It calls `requested` after each.
    """
    with transaction() as session:
        policy = load_policies(session).current
        if not steps_of_looks(policy):
            return 0
        live, in_grace = session.execute(_COUNTS).one()
    interval = timedelta(days=policy.health_days)
    regular = looks_per_run(live, interval=interval, every=every)
    count = _in_steps(transaction, requested, _DUE, now - interval, regular, per_step)
    again = looks_per_run(in_grace, interval=LOOK_IN_GRACE, every=every)
    return count + _in_steps(transaction, requested, _DUE_IN_GRACE, now, again, per_step)


def end_decided_looks(
    session: Session, policies: Policies, rulebook: AppRulebook, *, limit: int = LOOKS_PER_STEP
) -> int:
    """Requests the end of up to `limit` health reviews that wait for nothing else. Returns how many. Does not commit.

    They are usually requested when their last step is recorded; this finds the others.
    """
    ids = session.scalars(_DECIDED, {"limit": limit}).all()
    return request_ends(session, ids, policies, rulebook)


def request_ends(session: Session, ids: Sequence[UUID], policies: Policies, rulebook: AppRulebook) -> int:
    """Requests the end of the Apps' open health reviews whose steps are all decided. Returns how many.

    The rules of `clear` and `flag` judge each. A review that somebody holds is theirs to end. Does not commit.
    """
    ending: dict[AppTrigger, list[tuple[UUID, int]]] = {AppTrigger.CLEAR: [], AppTrigger.FLAG: []}
    for app_id, app in load_facts(session, ids, policies).items():
        review = app.facts.review
        if review is None or review.kind is not ReviewKind.HEALTH or review.claimed_by is not None:
            continue
        trigger = review.end_of_look
        if trigger is not None and rulebook.judge(trigger, app.facts).allowed:
            ending[trigger].append((app_id, review.opened))
    for trigger, found in ending.items():
        request_by_schedule(session, trigger, [app_id for app_id, _ in found], reviews=[opened for _, opened in found])
    return sum(len(found) for found in ending.values())


def lock_look(session: Session, review_id: UUID) -> None:
    """Has those who record steps of one health review take turns, so that the last of them sees all. Locks its name."""
    lock_names(session, LockSpace.LOOK, str(review_id))


def _in_steps(
    transaction: Callable[[], AbstractContextManager[Session]],
    requested: Callable[[], None],
    due: TextClause,
    before: datetime,
    most: int,
    per_step: int,
) -> int:
    count = 0
    while count < most:
        limit = min(per_step, most - count)
        with transaction() as session:
            ids = session.scalars(due, {"before": before, "limit": limit}).all()
            request_by_schedule(session, AppTrigger.RECHECK, ids)
        if ids:
            requested()
        count += len(ids)
        if len(ids) < limit:
            break
    return count


_LIVE = """a.state IN ('public_beta', 'public') AND a.open_kind = 'none'
       AND a.id NOT IN (SELECT p.app_id FROM planned_publication p WHERE p.ended_at IS NULL)"""

_COUNTS = text("""
    SELECT (SELECT CAST(greatest(reltuples, 0) AS integer) FROM pg_class
             WHERE oid = to_regclass('public.app_looked_at_idx')),
           (SELECT count(*) FROM grace_period WHERE ended_at IS NULL)
""")
"""The Apps are counted as the planner's statistics know them: counting all each minute would read them all. On an
installation without autovacuum a run requests MIN_LOOKS."""

_DUE = text(f"""
    SELECT a.id FROM app a
     WHERE {_LIVE} AND a.looked_at <= :before
       AND {not_requested("a.id", AppTrigger.RECHECK)}
       AND a.id NOT IN (SELECT g.app_id FROM grace_period g WHERE g.ended_at IS NULL)
     ORDER BY a.looked_at, a.id LIMIT :limit
""")

_DUE_IN_GRACE = text(f"""
    SELECT a.id FROM grace_period g JOIN app a ON a.id = g.app_id
     WHERE g.ended_at IS NULL AND g.look_due_at <= :before AND {_LIVE}
       AND {not_requested("a.id", AppTrigger.RECHECK)}
     ORDER BY g.look_due_at, g.app_id LIMIT :limit
""")

_DECIDED = text("""
    SELECT r.app_id FROM review r
     WHERE r.kind = 'health' AND r.closed_at IS NULL AND r.claimed_by IS NULL
       AND NOT EXISTS (SELECT FROM review_step s WHERE s.review_id = r.id AND s.state = 'pending')
       AND r.app_id NOT IN (SELECT q.app_id FROM transition_request q
                             WHERE q.status = 'due' AND q.source = 'schedule' AND q.trigger IN ('clear', 'flag'))
       AND (r.app_id, r.opened_version) NOT IN (
           SELECT q.app_id, q.expected_review FROM transition_request q
            WHERE q.status = 'dead' AND q.source = 'schedule' AND q.trigger IN ('clear', 'flag')
              AND q.expected_review IS NOT NULL)
     ORDER BY r.app_id LIMIT :limit
""")
