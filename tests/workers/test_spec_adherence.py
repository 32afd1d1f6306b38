"""The step that judges the names of the events that streams declare."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import App, ReviewStep
from models.lifecycle import AppTrigger, StepTrigger
from tests.journeys import People, app_building, ask, judge, now_of, people_in
from tests.workers.leased import work_off
from tests.workers.sites import site
from workers.actors.draft_checks import DRAFT_CHECKS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workers.steps import RUNS
from workers.steps.step import Evidence, StepOutcome
from workflow.building.draft_checks import check_draft, latest_run
from workflow.policy.document import load_policies
from workflow.profile.loading import load_profile

PROFILE = load_profile()


@pytest.fixture
def people(context: WorkerContext) -> People:
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    return made


def test_a_draft_and_a_submission_are_judged_by_the_names_that_their_streams_declare(
    context: WorkerContext, people: People
) -> None:
    declared = text("""UPDATE component SET settings = '{"events": ["order_completed"]}' WHERE kind = 'stream'""")
    with Session(context.engine) as session, session.begin():
        app_id = session.query(App).filter_by(slug="acme").one().id
        session.execute(declared)
        check_draft(session, "acme", people.partner, now_of(session), load_policies(session).current)
    away = replace(context, http=site("<p>Acme works with Segment</p>"))
    work_off(away, DRAFT_CHECKS)
    ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    judge(context.engine)
    work_off(away, REVIEW_STEPS)
    with Session(context.engine) as session:
        (of_draft,) = [one for one in latest_run(session, app_id, "acme").steps if one.code == "spec_adherence"]
        of_review = session.query(ReviewStep).filter_by(code="spec_adherence").one()
    for state, findings in ((of_draft.state, of_draft.findings), (of_review.state, of_review.findings)):
        assert (state, [one["code"] for one in findings]) == ("warned", ["event.other_spelling"])
    assert of_draft.where == "/v1/apps/acme/components"


def _stream(*events: Any, **changes: Any) -> dict[str, Any]:
    return {"id": "s-1", "kind": "stream", "name": "Sales", "settings": {"events": list(events)}} | changes


def _look(*components: dict[str, Any]) -> StepOutcome:
    return RUNS["spec_adherence"](Evidence("Acme", {}, PROFILE, components=components), site("nothing is fetched"))


@pytest.mark.parametrize(
    ("events", "trigger", "codes"),
    [
        (["Order Completed", "Widget Opened", "Link Clicked"], StepTrigger.PASS, []),
        (["Purchase"], StepTrigger.FAIL, ["event.synonym"]),
        (["Complete Order", "Signed Up"], StepTrigger.FAIL, ["event.synonym"]),
        (["order_completed"], StepTrigger.WARN, ["event.other_spelling"]),
        (["Completed Order"], StepTrigger.WARN, ["event.legacy"]),
        (["Order Confirmed"], StepTrigger.WARN, ["event.ambiguous"]),
        (["Order Completed", "order completed"], StepTrigger.FAIL, ["event.twice", "event.other_spelling"]),
        (["Signup", "Buy", "Install"], StepTrigger.FAIL, ["event.synonym", "event.synonym", "event.ambiguous"]),
    ],
)
def test_a_declared_name_that_means_an_event_of_the_spec_fails_the_step(
    events: list[str], trigger: StepTrigger, codes: list[str]
) -> None:
    outcome = _look(_stream(*events))
    assert (outcome.trigger, [one.code for one in outcome.findings]) == (trigger, codes)
    assert outcome.again_after is None
    assert all('"Sales"' in one.detail and one.remedy for one in outcome.findings)


def test_each_finding_has_a_place_of_its_own_and_the_right_name() -> None:
    outcome = _look(_stream("Purchase", "Signup"), _stream("Purchase", id="s-2", name="More"))
    assert [one.where for one in outcome.findings] == [
        "components/s-1/Purchase",
        "components/s-1/Signup",
        "components/s-2/Purchase",
    ]
    assert [one.evidence for one in outcome.findings] == ["Purchase", "Signup", "Purchase"]
    assert "Signed Up" in outcome.findings[1].remedy


@pytest.mark.parametrize(
    "component",
    [
        {"id": "w-1", "kind": "subscription", "name": "Webhook", "settings": {"event_types": ["track"]}},
        {"id": "p-1", "kind": "plugin", "name": "Plugin", "settings": {"events": ["Purchase"]}},
        _stream(settings={}),
        _stream(None, 7),
        _stream(settings={"events": "Purchase"}),
    ],
)
def test_what_declares_no_events_passes(component: dict[str, Any]) -> None:
    assert _look(component).trigger is StepTrigger.PASS
    assert _look().trigger is StepTrigger.PASS
