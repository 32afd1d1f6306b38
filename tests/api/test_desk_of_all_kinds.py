"""The desk over HTTP for revisions, health reviews, appeals, suspensions and proposals."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import App
from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.answers import ok, problem
from tests.api.running import Service
from tests.factories import app_in, make_possible, move
from tests.journeys import BECAUSE, ask, judge


def _review_of(service: Service, slug: str) -> str:
    """Returns the newest review of the App, a look that no queue shows included."""
    with Session(service.engine) as session:
        statement = "SELECT r.id FROM review r JOIN app a ON a.id = r.app_id WHERE a.slug = :slug ORDER BY r.id DESC"
        return str(session.scalars(text(statement), {"slug": slug}).first())


def _decide(service: Service, slug: str, decision: dict[str, Any]) -> Any:
    """Returns the outcome of the reviewer's decision on the App's open review."""
    asked = ok(service.reviewer("POST", f"/v1/reviews/{_review_of(service, slug)}/decision", decision), 202)
    judge(service.engine)
    return ok(service.reviewer("GET", f"/v1/transition-requests/{asked['id']}"))


def _codes(outcome: Any) -> set[str]:
    return {one["code"] for one in outcome["unmet"]}


def test_a_health_review_is_cleared_and_flagged_by_its_holder(shared_service: Service) -> None:
    service = shared_service
    for decision, trigger in (("clear", AppTrigger.CLEAR), ("flag", AppTrigger.FLAG)):
        slug = f"look-{decision}"
        app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA, ReviewKind.HEALTH)
        refused = _decide(service, slug, {"decision": "approve"})
        assert "review.allows" in _codes(refused)
        make_possible(service.engine, service.people, slug, trigger)
        assert _decide(service, slug, {"decision": decision})["status"] == "applied"
        seen = ok(service.reviewer("GET", f"/v1/reviews/{_review_of(service, slug)}"))
        assert seen["outcome"] == {"clear": "cleared", "flag": "flagged"}[decision]
        assert {step["why"] for step in seen["steps"]} == {"It looks again at what is public."}


def test_an_approval_lifts_a_suspension_only_where_the_reviewer_says_that_they_know_of_it(
    shared_service: Service,
) -> None:
    service = shared_service
    app_in(service.engine, service.people, "stale", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    make_possible(service.engine, service.people, "stale", AppTrigger.APPROVE)
    review = f"/v1/reviews/{_review_of(service, 'stale')}/decision"
    approve = {"decision": "approve", "reasons": [{"text": "It is mended."}]}
    # The approval is sent while the App is listed, and judged after the suspension.
    ask(service.engine, service.people.admin, "stale", AppTrigger.SUSPEND, reasons=BECAUSE)
    before = ok(service.reviewer("POST", review, approve), 202)
    judge(service.engine)
    late = ok(service.reviewer("GET", f"/v1/transition-requests/{before['id']}"))
    assert (late["status"], "state.expected" in _codes(late)) == ("refused", True)
    problem(service.reviewer("POST", review, approve), 409, "review.app_suspended")
    stale = _decide(service, "stale", approve | {"expected_state": "public_beta"})
    assert stale["status"] == "refused"
    assert _decide(service, "stale", approve | {"expected_state": "suspended"})["status"] == "applied"
    assert ok(service.partner("GET", "/v1/apps/stale/status"))["state"] == "public_beta"


def test_a_partner_submits_urgently_appeals_unlists_and_relists(shared_service: Service) -> None:
    service = shared_service
    slug = "own-way"
    app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA)

    def asks(trigger: str, *reasons: dict[str, str]) -> Any:
        body = {"app": slug, "trigger": trigger, "reasons": list(reasons)}
        asked = ok(service.partner("POST", "/v1/transition-requests", body), 202)
        judge(service.engine)
        outcome = ok(service.partner("GET", f"/v1/transition-requests/{asked['id']}"))
        assert outcome["status"] == "applied", outcome
        return ok(service.partner("GET", f"/v1/apps/{slug}/status"))

    assert "the owner of the company can put it back" in asks("unlist")["words"]
    assert asks("relist")["state"] == "public_beta"
    with Session(service.engine) as session, session.begin():
        session.execute(text("UPDATE app SET touched = ARRAY['name'] WHERE slug = :slug"), {"slug": slug})
    wrong = {"app": slug, "trigger": "submit", "reasons": [{"code": "only_reinstated", "text": "No."}]}
    problem(service.partner("POST", "/v1/transition-requests", wrong), 422, "reason.reserved")
    status = asks("submit", {"code": "urgent", "text": "The webhook moves on Friday."})
    assert (status["review"]["kind"], status["review"]["urgent"], status["review"]["place"]) == ("revision", True, 1)
    assert "What you changed is under review" in status["words"]
    problem(service.partner("PATCH", f"/v1/apps/{slug}", {"name": "Other"}, If_Match='"1"'), 409, "app.frozen")
    move(service.engine, service.people, slug, AppTrigger.REQUEST_CHANGES)
    status = asks("appeal", {"text": "The pages are there."})
    assert "by somebody who had no part in the decision" in status["words"]
    triggers = ok(service.partner("GET", f"/v1/apps/{slug}/triggers"))
    assert (triggers["open_kind"], triggers["proposal"]) == ("appeal", None)
    assert {one["trigger"] for one in triggers["triggers"] if one["possible"]} == {"withdraw", "unlist"}


def test_the_dossier_of_a_revision_shows_what_is_public_the_company_and_who_asked(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "sibling", AppState.BUILDING)
    app_in(service.engine, service.people, "dossier", AppState.PUBLIC_BETA)
    ok(service.partner("PATCH", "/v1/apps/dossier", {"name": "Dossier Two"}, If_Match='"1"'))
    ask(service.engine, service.people.partner, "dossier", AppTrigger.SUBMIT, reasons=BECAUSE)
    judge(service.engine)
    seen = ok(service.reviewer("GET", f"/v1/reviews/{_review_of(service, 'dossier')}"))
    assert [(one["before"], one["after"]) for one in seen["public_changes"]["app"]] == [("Dossier", "Dossier Two")]
    assert (seen["opened"]["by"], seen["opened"]["role"], seen["kind"]) == ("Pat", "partner", "revision")
    assert [reason["text"] for reason in seen["opened"]["reasons"]] == ["because"]
    apps = {one["slug"]: one for one in seen["company"]["apps"]}
    assert apps["sibling"]["state"] == "building"
    assert (apps["dossier"]["components"], apps["dossier"]["tested"]) == (1, 1)
    assert {step["why"] for step in seen["steps"]} == {"A machine takes it in every revision."}
    assert seen["history"][0]["outcome"] is not None


def test_the_queue_is_filtered_by_company_category_failed_step_appeal_and_urgency(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "f-plain", AppState.SUBMITTED)
    app_in(service.engine, service.people, "f-appeal", AppState.SUBMITTED, ReviewKind.APPEAL)
    with Session(service.engine) as session, session.begin():
        found = {"review": _review_of(service, "f-plain")}
        session.execute(text("UPDATE review SET categories = '{Video}', urgency = 0 WHERE id = :review"), found)
        failed = """UPDATE review_step SET state = 'failed', status = 'done', decided_at = now()
                     WHERE review_id = :review AND code = 'partners_page'"""
        session.execute(text(failed), found)

    def listed(query: str) -> set[str]:
        page = ok(service.reviewer("GET", f"/v1/reviews?limit=100&{query}"))
        return {one["app"] for one in page["items"] if one["app"].startswith("f-")}

    company = service.people.partner.organization_id
    assert listed(f"company={company}") == {"f-plain", "f-appeal"}
    assert listed("company=01a22963-2ae4-7277-b4e2-caf0180c7b48") == set()
    assert listed("category=Video") == {"f-plain"}
    assert listed("failed_step=partners_page") == {"f-plain"}
    assert listed("appealed=true") == {"f-appeal"}
    assert listed("appealed=false&kind=first") == {"f-plain"}
    assert listed("urgent=true") == {"f-plain"}
    assert listed("kind=appeal") == {"f-appeal"}


def test_suspensions_are_listed_until_they_end_and_confirmed_by_somebody_else(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "doubted", AppState.SUSPENDED)
    (one,) = (
        s for s in ok(service.reviewer("GET", "/v1/suspensions?confirmed=false"))["items"] if s["app"] == "doubted"
    )
    assert (one["suspended_by"], one["confirmed_by"], one["overdue"], one["reasons"]) == (
        "Rae",
        None,
        False,
        ["because"],
    )
    confirm = "/v1/apps/doubted/suspension/confirm"
    problem(service.reviewer("POST", confirm), 409, "suspension.second_person")
    assert ok(service.admin("POST", confirm))["confirmed_by"] == "Ada"
    status = ok(service.partner("GET", "/v1/apps/doubted/status"))["words"]
    assert "A revision that is approved lifts the suspension. It can be appealed once." in status
    move(service.engine, service.people, "doubted", AppTrigger.REINSTATE)
    problem(service.admin("POST", confirm), 409, "suspension.none")


def test_a_proposal_is_shown_with_who_made_it_to_reviewers_alone(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "proposed", AppState.SUBMITTED)
    make_possible(service.engine, service.people, "proposed", AppTrigger.APPROVE)
    assert _decide(service, "proposed", {"decision": "propose_approve"})["status"] == "applied"
    review = ok(service.reviewer("GET", f"/v1/reviews/{_review_of(service, 'proposed')}"))
    triggers = ok(service.admin("GET", "/v1/apps/proposed/triggers"))
    assert review["proposal"] == triggers["proposal"]
    assert (review["proposal"]["trigger"], review["proposal"]["proposed_by"]) == ("propose_approve", "Rae")
    assert review["proposal"]["lapsed"] is False
    assert ok(service.partner("GET", "/v1/apps/proposed/triggers"))["proposal"] is None
    ok(service.admin("POST", f"/v1/reviews/{_review_of(service, 'proposed')}/claim"))


def test_statistics_count_appeals_by_how_they_ended(shared_service: Service) -> None:
    service = shared_service

    def appeals() -> dict[str, int]:
        week = ok(service.reviewer("GET", "/v1/statistics/reviews?weeks=1"))["weeks"][0]
        return next((dict(one["outcomes"]) for one in week["kinds"] if one["kind"] == "appeal"), {})

    before = appeals()
    for slug, trigger in (("s-1", AppTrigger.APPROVE), ("s-2", AppTrigger.REQUEST_CHANGES)):
        app_in(service.engine, service.people, slug, AppState.SUBMITTED, ReviewKind.APPEAL)
        move(service.engine, service.people, slug, trigger)
    app_in(service.engine, service.people, "s-3", AppState.SUSPENDED, ReviewKind.APPEAL)
    move(service.engine, service.people, "s-3", AppTrigger.REINSTATE)
    after = appeals()
    ended = {
        outcome: after.get(outcome, 0) - before.get(outcome, 0) for outcome in ("upheld", "overturned", "conceded")
    }
    assert ended == {"upheld": 1, "overturned": 1, "conceded": 1}


def test_the_preview_of_a_policy_says_what_it_means_for_live_apps(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "live", AppState.PUBLIC_BETA)
    with Session(service.engine) as session, session.begin():
        live = session.query(App).filter(App.slug == "live").one()
        live.onboarded_customers = 7
    current = ok(service.admin("GET", "/v1/policies/current"))["document"]
    wanted = current | {"health_days": 60, "two_people_customers": 7, "revision_steps": ["end_to_end_check"]}
    seen = ok(service.admin("POST", "/v1/policies/preview", {"document": wanted}))
    assert seen["before"]["looks"] >= 1
    assert (seen["after"]["looks"], seen["after"]["two_people"]) == (0, 1)
    assert "end_to_end_check" in seen["after"]["revision_steps"]
    assert seen["words"][0] == f"0 Apps would be looked at again within 30 days; now it is {seen['before']['looks']}."


def test_the_next_review_is_asked_for_by_post_alone(shared_service: Service) -> None:
    assert shared_service.reviewer("GET", "/v1/reviews/next").status_code == 405


def test_staff_list_what_is_to_be_mended_by_how_far_it_is_app_company_and_end(shared_service: Service) -> None:
    service = shared_service
    for slug in ("waits", "runs", "is-over", "is-mended"):
        app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA, ReviewKind.HEALTH)
        move(service.engine, service.people, slug, AppTrigger.FLAG)
    move(service.engine, service.people, "is-mended", AppTrigger.SUSPEND)
    with Session(service.engine) as session, session.begin():
        for slug, ends in (("runs", "now() + interval '2 days'"), ("is-over", "now() - interval '1 hour'")):
            of_app = "app_id = (SELECT id FROM app WHERE slug = :slug)"
            clock = f"UPDATE grace_period SET began_at = flagged_at, ends_at = {ends} WHERE {of_app}"
            session.execute(text(clock), {"slug": slug})
        until = session.scalar(text("SELECT now() + interval '1 day'"))
        company = session.scalar(text("SELECT organization_id FROM app WHERE slug = 'runs'"))
    make_possible(service.engine, service.people, "runs", AppTrigger.SUBMIT)
    move(service.engine, service.people, "runs", AppTrigger.SUBMIT)

    def listed(query: str = "") -> list[str]:
        ours = {"waits", "runs", "is-over", "is-mended"}
        items = ok(service.reviewer("GET", f"/v1/grace-periods?limit=200{query}"))["items"]
        return [one["app"] for one in items if one["app"] in ours]

    assert listed() == ["waits", "runs", "is-over"]
    assert listed(f"&company={company}") == listed()
    assert listed(f"&company={service.people.partner.id}") == []
    for stage, slug in (("not_begun", "waits"), ("running", "runs"), ("over", "is-over")):
        assert listed(f"&stage={stage}") == listed(f"&app={slug}") == [slug]
    assert listed(f"&ends_before={until:%Y-%m-%dT%H:%M:%SZ}") == ["is-over"]
    (runs,) = ok(service.admin("GET", "/v1/grace-periods?app=runs"))["items"]
    assert (runs["stage"], runs["open_kind"], runs["app_name"]) == ("running", "revision", "Runs")
    assert len(runs["failed"]) == 1
    assert (runs["team_told"], runs["asked_at"]) == (False, None)
    first = ok(service.reviewer("GET", "/v1/grace-periods?limit=1"))
    assert len(first["items"]) == 1
    following = ok(service.reviewer("GET", f"/v1/grace-periods?limit=1&after={first['next']}"))
    assert following["items"] != first["items"]
