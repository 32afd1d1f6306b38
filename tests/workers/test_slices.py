"""A review step that takes longer than one attempt goes on from where it is, and begins anew when it is rerun."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import Review
from models.lifecycle import AppTrigger, StepTrigger
from tests.journeys import People, app_building, ask, judge, now_of, people_in
from tests.workers.leased import work_off
from tests.workers.looking import set_policy, values
from tests.workers.sites import Pages, site
from workers.actors.review_steps import REVIEW_STEPS, run_review_step
from workers.context import WorkerContext
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind

DOCS = "https://acme.example/docs"
LINKS = [f"https://acme.example/{number}" for number in range(2)]
PAGE = site("<p>Acme works with Segment</p>" + "".join(f'<a href="{link}">x</a>' for link in LINKS), url=DOCS).page
WHOLE = Pages({DOCS: PAGE} | {link: site("", url=link).page for link in LINKS})
_STEP = "SELECT state, status, attempts, seen = '{}', jsonb_array_length(findings) FROM review_step"


@pytest.fixture
def people(context: WorkerContext) -> People:
    set_policy(context, review_steps=["documentation_links"])
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    ask(context.engine, made.partner, "acme", AppTrigger.SUBMIT)
    judge(context.engine)
    return made


def _attempt(context: WorkerContext) -> bool:
    """Attempts the only step once."""
    with context.unit_of_work() as session:
        (lease,) = hand_out(session, DueKind.REVIEW_STEP, room=1).leases
    return run_review_step(replace(context, http=WHOLE), lease)


@pytest.mark.usefixtures("people")
def test_each_slice_is_kept_and_counts_as_no_attempt(context: WorkerContext) -> None:
    assert _attempt(context)
    assert values(context, _STEP) == [("pending", "due", 0, False, 0)]
    assert work_off(replace(context, http=WHOLE), REVIEW_STEPS) == 1
    assert values(context, _STEP) == [("passed", "done", 1, True, 0)]


def test_a_step_that_is_decided_or_rerun_meanwhile_takes_nothing_of_an_old_slice(
    context: WorkerContext, people: People
) -> None:
    with context.unit_of_work() as session:
        review = session.scalars(select(Review.id)).one()
        claim_review(session, review, people.reviewer, now_of(session))
        (lease,) = hand_out(session, DueKind.REVIEW_STEP, room=1).leases
    _decide(context, people, StepTrigger.PASS)
    assert not run_review_step(replace(context, http=WHOLE), lease)
    assert values(context, _STEP)[0][0] == "passed"
    _decide(context, people, StepTrigger.RERUN)
    assert _attempt(context)
    with Session(context.engine) as session:
        assert session.scalar(text("SELECT seen ->> 'page' FROM review_step")) == DOCS
    _decide(context, people, StepTrigger.FAIL)
    _decide(context, people, StepTrigger.RERUN)
    assert values(context, _STEP) == [("pending", "due", 0, True, 0)]


def _decide(context: WorkerContext, people: People, trigger: StepTrigger) -> None:
    with context.unit_of_work() as session:
        review = session.scalars(select(Review.id)).one()
        decide_step(session, review, "documentation_links", trigger=trigger, actor=people.reviewer, now=now_of(session))
