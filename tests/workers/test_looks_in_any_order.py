"""The time to mend in any order of looks, decisions and deliveries, and looks whose last steps end at once."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.lifecycle import APP_EDGES, AppTrigger
from tests.factories import move
from tests.journeys import apps_in_public_beta, judge, people_in
from tests.workers.leased import deliver
from tests.workers.looking import GONE, GOOD, log_of, look, pass_time, run_job, set_policy, values
from tests.workers.sites import URL, site
from workers.actors.review_steps import run_review_step
from workers.context import WorkerContext
from workers.pages import FetchesPages
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind

MOVES = (
    AppTrigger.SUBMIT,
    AppTrigger.WITHDRAW,
    AppTrigger.REQUEST_CHANGES,
    AppTrigger.APPROVE,
    AppTrigger.PROMOTE,
    AppTrigger.UNLIST,
    AppTrigger.RELIST,
    AppTrigger.SUSPEND,
    AppTrigger.REINSTATE,
)
ENDS = {"clear", "approve", "suspend", "remove"}


def _grace(context: WorkerContext) -> tuple[datetime | None, datetime | None] | None:
    found = values(context, "SELECT began_at, ends_at FROM grace_period WHERE ended_at IS NULL")
    assert len(found) <= 1
    return (found[0][0], found[0][1]) if found else None


def _chosen(context: WorkerContext, random_: random.Random) -> str:
    """Returns what happens next: a move that the table allows now, a look, a delivery, or that days pass."""
    ((state, kind),) = values(context, "SELECT state, open_kind FROM app")
    possible = {edge.trigger for edge in APP_EDGES if (edge.source, edge.review) == (state, kind)} & set(MOVES)
    moves = [trigger.value for trigger in MOVES if trigger in possible]
    return random_.choice([*moves, "good", "gone", "gone", "deliver", "deliver", "days"])


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_a_clock_begins_with_a_delivered_notice_and_only_what_settles_it_ends_it(
    context: WorkerContext, seed: int
) -> None:
    set_policy(context, review_steps=["end_to_end_check", "partner_documentation"], health_days=1)
    people = people_in(context.engine)
    (app_id,) = apps_in_public_beta(context.engine, people, ["acme"])
    random_, passed, seen = random.Random(seed), timedelta(), 0
    expected: tuple[datetime | None, datetime | None] | None = None
    flags = 0
    for _ in range(24):
        chosen = _chosen(context, random_)
        if chosen == "days":
            days = timedelta(days=random_.choice([1, 3, 31]))
            pass_time(context, days)
            passed += days
        elif chosen == "deliver":
            run_job(context, "send_grace_notices")
            deliver(context)
        elif chosen in ("good", "gone"):
            pass_time(context, timedelta(days=1))
            passed += timedelta(days=1)
            look(context, GOOD if chosen == "good" else GONE)
        else:
            move(context.engine, people, "acme", AppTrigger(chosen))
        happened = log_of(context, app_id)
        for trigger in happened[seen:]:
            if trigger == "flag":
                flags += 1
                expected = expected or (None, None)
            elif trigger in ENDS:
                expected = None
        seen = len(happened)
        found = _grace(context)
        assert (found is None) == (expected is None), happened
        if found is None:
            continue
        began_at, ends_at = found
        if expected == (None, None) and chosen == "deliver":
            assert began_at is not None, "a notice of each flag is delivered"
            expected = (began_at + passed, began_at + passed + timedelta(days=14))
        shifted = (None, None) if began_at is None or ends_at is None else (began_at + passed, ends_at + passed)
        assert shifted == expected, happened
    assert flags > 0


class _Together:
    """Lets two fetches end at the same moment."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier = barrier
        self._page = site(
            '<p>Acme works with Segment: <a href="https://segment.com/?utm_source=a&utm_medium=b&utm_campaign=c">x</a>',
            url=URL,
        )

    def fetch(self, url: str) -> Any:
        page = self._page.fetch(url)
        self._barrier.wait(20)
        return page

    def probe(self, url: str) -> Any:
        return self._page.probe(url)


def _last_steps_at_once(context: WorkerContext, pages: FetchesPages) -> None:
    with context.unit_of_work() as session:
        leases = hand_out(session, DueKind.REVIEW_STEP, room=2, proven=["-"]).leases
    assert len(leases) == 2
    with ThreadPoolExecutor(2) as threads:
        ran = list(threads.map(lambda lease: run_review_step(replace(context, http=pages), lease), leases))
    assert ran == [True, True]


def test_two_last_steps_that_end_at_once_end_their_look_once(context: WorkerContext) -> None:
    set_policy(context, review_steps=["end_to_end_check", "partner_documentation", "partners_page"])
    people = people_in(context.engine)
    (app_id,) = apps_in_public_beta(context.engine, people, ["acme"])
    pages = _Together(threading.Barrier(2))
    for count in range(1, 6):
        pass_time(context, timedelta(days=31))
        run_job(context, "request_due_looks")
        judge(context.engine)
        _last_steps_at_once(context, pages)
        assert values(context, "SELECT trigger FROM transition_request WHERE status = 'due'") == [("clear",)]
        judge(context.engine)
        assert log_of(context, app_id).count("clear") == count
