"""Checks of drafts: the same steps as in a review, as leased work, bounded, and never counted for a review."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import App
from models.lifecycle import AppTrigger
from models.steps import MACHINE_STEPS, STEPS
from tests.journeys import PROFILE, People, app_building, ask, judge, now_of, people_in
from tests.workers.leased import work_off
from tests.workers.sites import Pages, Site, site
from workers.actors.draft_checks import DRAFT_CHECKS
from workers.context import WorkerContext
from workflow.building.checklist import store_evidence
from workflow.building.draft_checks import MAX_RUNS_A_DAY, DraftRun, check_draft, latest_run
from workflow.building.overview import Item, checklist_of
from workflow.errors import Conflict
from workflow.policy.document import load_policies

GOOD = site("<p>Acme works with Segment</p>")
GONE = site("<p>Not here</p>", status=404)
AWAY = site("<p>Down</p>", status=503)


@pytest.fixture
def people(context: WorkerContext) -> People:
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    return made


def _check(context: WorkerContext, people: People, *, later: timedelta = timedelta()) -> DraftRun:
    with Session(context.engine) as session, session.begin():
        now = now_of(session) + later
        return check_draft(session, "acme", people.partner, now, load_policies(session).current)


def _run(context: WorkerContext, people: People, page: Site) -> dict[str, str]:
    """Checks the draft, whose pages are all `page`, and returns the states of the steps."""
    _check(context, people)
    work_off(replace(context, http=page), DRAFT_CHECKS)
    return {step.code: step.state for step in _latest(context).steps}


def _latest(context: WorkerContext) -> DraftRun:
    with Session(context.engine) as session:
        app = session.query(App).filter_by(slug="acme").one()
        return latest_run(session, app.id, "acme")


def _item(context: WorkerContext, code: str) -> tuple[Item, bool]:
    with Session(context.engine) as session:
        app = session.query(App).filter_by(slug="acme").one()
        found = checklist_of(session, app, load_policies(session).current, PROFILE.guides)
        return next(item for item in found.items if item.code == code), found.complete


def test_a_draft_is_looked_at_by_the_steps_of_a_review_and_its_checklist_says_so(
    context: WorkerContext, people: People
) -> None:
    assert _item(context, "partner_documentation")[0].status == "given"
    states = _run(context, people, GONE)
    assert states["partner_documentation"] == "failed"
    with Session(context.engine) as session:
        wanted = load_policies(session).current.review_steps
    assert set(states) == {code for code in wanted if code in MACHINE_STEPS and STEPS[code].on_drafts}
    item, complete = _item(context, "partner_documentation")
    assert (item.status, item.checked_in, complete) == ("rejected", "draft", True), "it prevents no submission"
    assert [finding["code"] for finding in item.findings] == ["links.page_unread", "page.status"]
    looked = {look.step: (look.state, look.checked_in) for look in item.looks}
    assert looked == {"partner_documentation": ("failed", "draft"), "documentation_links": ("warned", "draft")}
    assert item.checked_at == max(look.checked_at for look in item.looks)
    assert _run(context, people, GOOD)["partner_documentation"] == "passed"
    assert _item(context, "partner_documentation")[0].status == "checked"
    ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    judge(context.engine)
    with Session(context.engine) as session:
        reviewed = set(session.scalars(text("SELECT state FROM review_step")))
        assert reviewed == {"pending"}, "a review counts none of it"
        assert session.scalar(text("SELECT count(*) FROM notification WHERE kind NOT LIKE '%submission%'")) == 0
    with pytest.raises(Conflict, match="under review"):
        _check(context, people)


def test_a_result_says_nothing_of_evidence_that_was_given_since(context: WorkerContext, people: People) -> None:
    _run(context, people, GONE)
    with Session(context.engine) as session, session.begin():
        url = {"url": "https://acme.example/mended"}
        now = now_of(session)
        store_evidence(session, "acme", "partner_documentation", url, people.partner, now, str, str, PROFILE)
    assert _item(context, "partner_documentation")[0].status == "given"


def test_a_page_that_does_not_answer_is_looked_at_twice_and_then_said_to_be_away(
    context: WorkerContext, people: People
) -> None:
    states = _run(context, people, AWAY)
    assert states["partner_documentation"] == "pending"
    with Session(context.engine) as session, session.begin():
        session.execute(text("UPDATE draft_check SET due_at = now() WHERE status = 'due'"))
    work_off(replace(context, http=AWAY), DRAFT_CHECKS)
    run = _latest(context)
    assert (run.under_way, {step.state for step in run.steps}) == (False, {"failed", "passed", "warned"})


def test_runs_are_one_at_a_time_and_so_many_a_day(context: WorkerContext, people: People) -> None:
    assert _check(context, people).under_way
    with pytest.raises(Conflict) as refused:
        _check(context, people)
    assert refused.value.code == "check.under_way"
    for number in range(2, MAX_RUNS_A_DAY + 1):  # each after one that nobody worked off
        assert _check(context, people, later=timedelta(minutes=4 * number)).run == number
    with pytest.raises(Conflict) as refused:
        _check(context, people, later=timedelta(hours=3))
    assert (refused.value.code, "Wait until" in refused.value.remedy) == ("check.too_many", True)
    assert _check(context, people, later=timedelta(days=2)).run == MAX_RUNS_A_DAY + 1
    with Session(context.engine) as session:
        kept = session.execute(
            text("SELECT count(DISTINCT run), count(*) FILTER (WHERE status = 'due') FROM draft_check")
        )
        assert tuple(kept.one()) == (1, 7), "old runs are gone, and only the latest is due"


def test_a_look_that_takes_longer_than_an_attempt_goes_on_from_where_it_is(
    context: WorkerContext, people: People
) -> None:
    url = "https://acme.example/docs"
    links = [f"https://acme.example/{number}" for number in range(3)]
    docs = site("<p>Acme works with Segment</p>" + "".join(f'<a href="{link}">x</a>' for link in links), url=url)
    pages = Pages({url: docs.page} | {link: site("", url=link).page for link in links[:2]})
    _check(context, people)
    work_off(replace(context, http=pages), DRAFT_CHECKS)
    (step,) = (step for step in _latest(context).steps if step.code == "documentation_links")
    assert (step.state, [(one["code"], one["where"]) for one in step.findings]) == (
        "failed",
        [("link.broken", links[2])],
    )
    with Session(context.engine) as session:
        kept = session.execute(text("SELECT DISTINCT attempts, seen::text FROM draft_check WHERE status = 'done'"))
        assert [tuple(row) for row in kept] == [(1, "{}")]


def test_a_finding_that_is_mended_is_told_from_one_that_is_still_there(context: WorkerContext, people: People) -> None:
    _run(context, people, site("<p>Nothing of either</p>"))
    first = _latest(context)
    assert not first.earlier
    assert not any("standing" in finding for step in first.steps for finding in step.findings)
    _run(context, people, site("<p>Acme alone</p>"))
    docs = next(step for step in _latest(context).steps if step.code == "partner_documentation")
    assert [(one["code"], one["standing"]) for one in docs.findings] == [("page.platform_not_named", "still_there")]
    fixed = {(one["step"], one["code"]) for one in _latest(context).earlier if one["standing"] == "fixed"}
    assert fixed >= {("partner_documentation", "page.app_not_named"), ("launch_announcement", "page.app_not_named")}
    _run(context, people, GONE)
    docs = next(step for step in _latest(context).steps if step.code == "partner_documentation")
    assert [(one["code"], one["standing"]) for one in docs.findings] == [("page.status", "new")]
    unseen = {(one["step"], one["code"], one["standing"]) for one in _latest(context).earlier}
    assert ("partner_documentation", "page.platform_not_named", "unchecked") in unseen, "it was not looked at"


def test_a_draft_without_evidence_and_components_has_nothing_to_check(context: WorkerContext, people: People) -> None:
    with Session(context.engine) as session, session.begin():
        session.execute(text("DELETE FROM checklist_item"))
        session.execute(text("UPDATE component SET removed_at = now()"))
    with pytest.raises(Conflict) as refused:
        _check(context, people)
    assert refused.value.code == "check.nothing"
