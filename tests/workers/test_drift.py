"""What has changed since the approval: another domain, or a name that is gone; and nothing that others report."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from models import Review
from models.lifecycle import AppTrigger
from runtime.guarded_http import Page
from tests.journeys import People, app_building, apps_in_public_beta, ask, judge, now_of, people_in
from tests.workers.leased import work_off
from tests.workers.looking import log_of, look, look_again, pass_time, set_policy, values
from tests.workers.sites import PROFILE, URL, Pages, Site, site
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workers.steps import RUNS
from workers.steps.step import Evidence, StepOutcome
from workflow.policy.document import load_policies
from workflow.reviewing.desk import claim_review
from workflow.reviewing.partner_view import latest_look
from workflow.reviewing.reports import stored_seen

PARTNERS = "https://acme.example/partners"
NAMED = "<p>Acme works with Segment.</p>"
LINKED = '<p>Segment: <a href="https://segment.com/?utm_source=a&amp;utm_medium=b&amp;utm_campaign=c">x</a></p>'
GIVEN: dict[str, dict[str, Any]] = {"partner_documentation": {"url": URL}, "partners_page": {"url": PARTNERS}}


def _before(pages: dict[str, Page]) -> dict[str, Any]:
    """Returns what the steps of an approval keep that find these pages, as it is stored."""
    return {
        code: json.loads(stored_seen(RUNS[code](Evidence("Acme", given, PROFILE), Pages(pages)).seen))
        for code, given in GIVEN.items()
    }


def _drift(before: dict[str, Any], pages: dict[str, Page]) -> StepOutcome:
    """Looks at the pages as workers do, one a slice."""
    evidence = Evidence("Acme", GIVEN["partner_documentation"], PROFILE, others=GIVEN, before=before)
    outcome = RUNS["drift"](evidence, Pages(pages))
    while outcome.goes_on:
        outcome = RUNS["drift"](replace(evidence, seen=json.loads(stored_seen(outcome.seen))), Pages(pages))
    assert all(one.detail and one.remedy and one.where and one.evidence for one in outcome.findings)
    return outcome


GOOD = {URL: site(NAMED).page, PARTNERS: site(LINKED, url=PARTNERS).page}


def _moved(url: str, html: str = NAMED) -> Page:
    return site(html, url=url, redirects=(URL,)).page


@pytest.mark.parametrize(
    ("then", "now", "trigger", "codes"),
    [
        ({}, {}, "pass", []),
        ({}, {URL: _moved("https://docs.acme.example/new")}, "pass", []),
        ({}, {URL: _moved("https://acme-docs.test/new")}, "fail", ["drift.domain"]),
        (
            {},
            {PARTNERS: site(LINKED, url="https://parked.test/", redirects=(PARTNERS,)).page},
            "fail",
            ["drift.domain"],
        ),
        ({URL: _moved("https://acme-docs.test/new")}, {URL: _moved("https://acme-docs.test/newer")}, "pass", []),
        ({URL: _moved("https://acme-docs.test/new")}, {}, "fail", ["drift.domain"]),
        (
            {URL: _moved("https://acme.github.io/a")},
            {URL: _moved("https://evil.github.io/a")},
            "fail",
            ["drift.domain"],
        ),
        ({URL: _moved("http://127.0.0.1:8001/a")}, {URL: _moved("http://127.0.0.1:8002/b")}, "pass", []),
        ({}, {URL: site("<p>Acme works with others.</p>").page}, "fail", ["drift.platform_gone"]),
        ({}, {URL: site("<p>Nothing to see of it.</p>").page}, "fail", ["drift.platform_gone", "drift.app_gone"]),
        ({}, {URL: site("<p>Acme works</p><p hidden>with Segment</p>").page}, "pass", []),
        ({URL: site("<p>Acme alone</p>").page}, {URL: site("<p>Acme alone still</p>").page}, "pass", []),
        ({}, {URL: site("", status=404).page}, "pass", []),
        ({}, {URL: site("%PDF-1.7", content_type="application/pdf").page}, "pass", []),
        ({}, {URL: site("", status=503).page, PARTNERS: site("", status=403, url=PARTNERS).page}, "pass", []),
        ({URL: site("", status=404).page, PARTNERS: site("", status=404, url=PARTNERS).page}, {}, "pass", []),
    ],
)
def test_drift(then: dict[str, Page], now: dict[str, Page], trigger: str, codes: list[str]) -> None:
    outcome = _drift(_before(GOOD | then), GOOD | now)
    assert (outcome.trigger, [one.code for one in outcome.findings]) == (trigger, codes)


def test_all_that_has_drifted_is_said_at_once_with_what_it_was() -> None:
    pages = {
        URL: _moved("https://elsewhere.test/docs", "<p>Segment</p>"),
        PARTNERS: site(LINKED, url="https://elsewhere.test/partners", redirects=(PARTNERS,)).page,
    }
    outcome = _drift(_before(GOOD), pages)
    found = [(one.code, one.where) for one in outcome.findings]
    assert found == [
        ("drift.domain", "checklist.partner_documentation"),
        ("drift.app_gone", "checklist.partner_documentation"),
        ("drift.domain", "checklist.partners_page"),
    ]
    assert "acme.example" in outcome.findings[0].detail
    assert outcome.findings[0].evidence == f"{URL} → https://elsewhere.test/docs"
    assert outcome.findings[1].evidence == "the page begins: Segment"


PLUGIN = {"id": "0190-1", "kind": "plugin", "subkind": "web", "name": "Web", "settings": {"bundle_url": URL}}


def _bundle_drift(before: dict[str, Any], script: str, status: int = 200) -> StepOutcome:
    evidence = Evidence(
        "Acme", {}, PROFILE, components=[PLUGIN, {**PLUGIN, "id": "2", "subkind": "ios"}], before=before
    )
    return RUNS["drift"](evidence, site(script, content_type="text/javascript", status=status))


def test_a_bundle_that_is_not_the_reviewed_one_has_drifted() -> None:
    first = _bundle_drift({}, "one()")
    assert (first.trigger, set(first.seen["bundles"])) == ("pass", {"0190-1"}), "there is nothing to compare with"
    for before in ({"drift": first.seen}, {"component_tests": first.seen}):
        assert _bundle_drift(before, "one()").trigger == "pass"
        assert _bundle_drift(before, "", status=404).trigger == "pass", "its test says so"
        outcome = _bundle_drift(before, "two()")
        assert (outcome.trigger, [one.code for one in outcome.findings]) == ("fail", ["drift.bundle"])
        (finding,) = outcome.findings
        assert first.seen["bundles"]["0190-1"] in finding.evidence
        assert finding.where == "components/0190-1"
        assert outcome.seen == first.seen, "a later look compares with the same"
    reviewed = {"component_tests": {"bundles": {"0190-1": "0" * 64}}, "drift": first.seen}
    assert _bundle_drift(reviewed, "one()").trigger == "fail", "the test of the review counts first"


LONG = timedelta(days=31)
GOOD_DOCS = site("<p>Acme works with Segment.</p>")
MOVED = site("<p>Acme works with Segment.</p>", url="https://elsewhere.test/docs", redirects=(URL,))
_DRIFT = """SELECT t.state, t.observed, t.findings->0->>'code' FROM review_step t JOIN review r ON r.id = t.review_id
             WHERE t.code = 'drift' ORDER BY r.opened_version"""


def _approved(context: WorkerContext, people: People, page: Site) -> UUID:
    """Takes an App through a review whose machine's steps find `page`."""
    app_id = app_building(context.engine, people, "acme")
    ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    judge(context.engine)
    work_off(replace(context, http=page), REVIEW_STEPS)
    with context.unit_of_work() as session:
        review = session.scalars(select(Review.id)).one()
        claim_review(session, review, people.reviewer, now_of(session))
    ask(context.engine, people.reviewer, "acme", AppTrigger.APPROVE)
    judge(context.engine)
    return app_id


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_look_compares_with_the_approval_or_where_nothing_was_kept_with_the_first_look(
    context: WorkerContext, *, by_hand: bool
) -> None:
    set_policy(context, review_steps=["partner_documentation", "drift"])
    people = people_in(context.engine)
    if by_hand:
        (app_id,) = apps_in_public_beta(context.engine, people, ["acme"])
    else:
        app_id = _approved(context, people, GOOD_DOCS)
    assert values(context, _DRIFT) == [], "there is nothing to compare with in a first review"
    pass_time(context, LONG)
    look(context, GOOD_DOCS)
    assert values(context, _DRIFT) == [("passed", True, None)]
    pass_time(context, LONG)
    look(context, MOVED)
    assert values(context, _DRIFT)[1:] == [("failed", False, "drift.domain")]
    assert log_of(context, app_id) == ["recheck", "clear", "recheck", "flag"]
    look_again(context, GOOD_DOCS)
    assert log_of(context, app_id)[-1] == "clear"
    with context.unit_of_work() as session:
        seen = latest_look(session, app_id, "acme", load_policies(session))
    assert seen is not None
    assert [(one["step"], one["code"], one["standing"]) for one in seen.earlier] == [("drift", "drift.domain", "fixed")]
