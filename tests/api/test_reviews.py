"""The review desk over HTTP: its queue, reviews, messages and notes, saved reasons, and statistics."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import ChecklistItem
from models.lifecycle import STEP_EDGES, AppTrigger, Role, StepTrigger
from models.steps import STEPS
from tests.api.answers import ok, problem
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import move
from tests.journeys import app_building, ask, judge, now_of, people_in, staff_member, token_of

PUBLISHED_LATER = ("component_tests", "volume")
"""Steps that no new installation has: they come by publishing a policy."""

SECRET = "the partner must never read this"


def _submitted(service: Service, *slugs: str) -> list[str]:
    """Returns the open reviews of new Apps."""
    for slug in slugs:
        app_building(service.engine, service.people, slug)
        ask(service.engine, service.people.partner, slug, AppTrigger.SUBMIT)
    judge(service.engine)
    return [_review_of(service, slug) for slug in slugs]


def _review_of(service: Service, slug: str) -> str:
    (found,) = ok(service.reviewer("GET", f"/v1/reviews?app={slug}"))["items"]
    return str(found["id"])


def _set_due(service: Service, review: str, due_soon_at: datetime, due_at: datetime) -> None:
    with Session(service.engine) as session, session.begin():
        session.execute(
            text("UPDATE review SET due_soon_at = :soon, due_at = :due WHERE id = :id"),
            {"id": UUID(review), "soon": due_soon_at, "due": due_at},
        )


def _request_changes(service: Service, review: str, reasons: list[dict[str, str]]) -> None:
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    asked = ok(
        service.reviewer("POST", f"/v1/reviews/{review}/decision", {"decision": "request_changes", "reasons": reasons}),
        202,
    )
    judge(service.engine)
    assert ok(service.reviewer("GET", f"/v1/transition-requests/{asked['id']}"))["status"] == "applied"


def _first_step(service: Service, review: str) -> str:
    return str(ok(service.reviewer("GET", f"/v1/reviews/{review}"))["steps"][0]["code"])


def test_the_queue_is_ordered_by_due_time_and_can_be_filtered(shared_service: Service) -> None:
    service = shared_service
    now = datetime.now(UTC)
    late, soon, calm, calmer = _submitted(service, "q-late", "q-soon", "q-calm", "q-calmer")
    hour = timedelta(hours=1)
    _set_due(service, calmer, now + 99 * hour, now + 100 * hour)
    _set_due(service, calm, now + 9 * hour, now + 90 * hour)
    _set_due(service, soon, now - hour, now + hour)
    _set_due(service, late, now - 2 * hour, now - hour)

    def listed(query: str) -> list[str]:
        ids, after = [], ""
        while True:
            page = ok(service.reviewer("GET", f"/v1/reviews?limit=1{query}{after}"))
            ids += [one["id"] for one in page["items"] if one["app"].startswith("q-")]
            if page["next"] is None:
                return ids
            after = f"&after={page['next']}"

    assert listed("") == [late, soon, calm, calmer]
    assert listed("&due=overdue") == [late]
    assert listed("&due=soon") == [soon]
    assert listed("&kind=revision") == []
    assert listed("&kind=first&round=1&app=q-calm") == [calm]
    assert listed("&round=2") == []
    ok(service.reviewer("POST", f"/v1/reviews/{soon}/claim"))
    assert listed("&show=mine") == [soon]
    assert listed("&show=unclaimed") == [late, calm, calmer]
    (entry,) = ok(service.reviewer("GET", "/v1/reviews?app=q-soon"))["items"]
    assert (entry["due_soon"], entry["overdue"], entry["round"], entry["kind"]) == (True, False, 1, "first")
    assert entry["holder"] == {"id": str(service.people.reviewer.id), "name": "Rae"}
    assert {step["state"] for step in entry["steps"]} == {"pending"}
    assert {step["code"]: step["title"] for step in entry["steps"]} == {
        code: step.title for code, step in STEPS.items() if step.in_reviews and code not in PUBLISHED_LATER
    }
    ok(service.reviewer("POST", f"/v1/reviews/{soon}/release"))
    for query in ("due=never", "kind=x", "round=0", "show=x", "app=X"):
        problem(service.reviewer("GET", f"/v1/reviews?{query}"), 422, "request.invalid")
    for cursor in ("AAAA", "WyJhIiwgImIiXQ", "W10", "WzEsIDJd"):
        problem(service.reviewer("GET", f"/v1/reviews?after={cursor}"), 422, "cursor.invalid")
    problem(service.partner("GET", "/v1/reviews"), 403, "role.forbidden")


def test_a_review_is_handed_over_and_only_its_new_holder_decides(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "handed")
    other = staff_member(service.engine, "Bo")
    caller = Caller(service.url, token_of(service.engine, other))
    path = f"/v1/reviews/{review}"
    step = _first_step(service, review)
    problem(service.reviewer("POST", f"{path}/steps/{step}", {"decision": "pass"}), 409, "review.not_held")
    ok(service.reviewer("POST", f"{path}/claim"))
    problem(caller("POST", f"{path}/claim"), 409, "review.claimed")
    problem(caller("POST", f"{path}/release"), 409, "review.not_held")
    stranger = {"to": str(service.people.partner.id)}
    problem(service.reviewer("POST", f"{path}/hand-over", stranger), 404, "reviewer.not_found")
    handed = ok(service.reviewer("POST", f"{path}/hand-over", {"to": str(other.id)}))
    assert handed["holder"] == {"id": str(other.id), "name": "Bo"}
    problem(service.reviewer("POST", f"{path}/steps/{step}", {"decision": "pass"}), 409, "review.not_held")
    passed = ok(caller("POST", f"{path}/steps/{step}", {"decision": "pass"}))
    assert (passed["state"], passed["decided_by"]) == ("passed", "Bo")
    with Session(service.engine) as session:
        actions = session.scalars(text("SELECT action FROM audit_entry WHERE target = :id ORDER BY id"), {"id": review})
        assert list(actions) == ["review.claim", "review.hand_over", "review.step"]


def test_a_reviewer_may_do_what_the_state_machine_of_steps_allows(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "stepping")
    path = f"/v1/reviews/{review}/steps/{_first_step(service, review)}"
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    asked = {edge.trigger for edge in STEP_EDGES if Role.REVIEWER in edge.roles}
    for trigger in StepTrigger:
        answer = service.reviewer("POST", path, {"decision": trigger.value, "reason": "Because."})
        assert (answer.status_code != 422) == (trigger in asked), answer.text


def test_a_step_that_is_no_longer_defined_is_titled_by_its_code_and_taken_by_a_person(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "old-step")
    insert = """INSERT INTO review_step (id, review_id, code, status, due_at)
                VALUES (uuidv7(), :id, 'fax_check', 'void', now())"""
    with Session(service.engine) as session, session.begin():
        session.execute(text(insert), {"id": review})
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    ok(service.reviewer("POST", f"/v1/reviews/{review}/steps/fax_check", {"decision": "fail"}))
    again = ok(service.reviewer("POST", f"/v1/reviews/{review}/steps/fax_check", {"decision": "rerun"}))
    assert (again["state"], again["status"], again["title"]) == ("pending", "void", "fax_check")
    assert (again["taken_by"], again["requirement"]) == ("person", None)
    (seen,) = [
        step
        for step in ok(service.partner("GET", "/v1/apps/old-step/status"))["review"]["steps"]
        if step["code"] == "fax_check"
    ]
    assert (seen["title"], seen["where"]) == ("fax_check", "/v1/apps/old-step/components")


def test_a_resubmission_shows_what_changed_what_was_found_and_what_came_before(shared_service: Service) -> None:
    service = shared_service
    (first,) = _submitted(service, "again")
    shown = ok(service.reviewer("GET", f"/v1/reviews/{first}"))
    assert (shown["compared_with"], shown["changes"], shown["earlier_waivers"]) == (None, None, [])
    steps = [step["code"] for step in shown["steps"]]
    about = {step["code"]: (step["title"], step["taken_by"], step["requirement"]) for step in shown["steps"]}
    assert about == {
        code: (step.title, step.taken_by, step.requirement)
        for code, step in STEPS.items()
        if step.in_reviews and code not in PUBLISHED_LATER
    }
    ok(service.reviewer("POST", f"/v1/reviews/{first}/claim"))
    gone, kept = {"code": "gone", "text": "Broken.", "where": "Page"}, {"code": "kept", "text": "Old words."}
    decide = f"/v1/reviews/{first}/steps"
    ok(service.reviewer("POST", f"{decide}/{steps[0]}", {"decision": "fail", "findings": [gone, kept]}))
    problem(service.reviewer("POST", f"{decide}/{steps[1]}", {"decision": "waive"}), 422, "reason.missing")
    ok(service.reviewer("POST", f"{decide}/{steps[1]}", {"decision": "waive", "reason": "Agreed by phone."}))
    _request_changes(service, first, [{"text": "Mend the page.", "where": "Page"}])
    with Session(service.engine) as session, session.begin():
        app_id = session.scalars(text("SELECT id FROM app WHERE slug = 'again'")).one()
        item = session.get_one(ChecklistItem, (app_id, "partners_page"))
        item.evidence = item.evidence | {"url": "https://acme.example/new"}
    move(service.engine, service.people, "again", AppTrigger.SUBMIT)
    second = _review_of(service, "again")
    again = f"/v1/reviews/{second}/steps/{steps[0]}"
    before = ok(service.reviewer("GET", f"/v1/reviews/{second}"))
    assert {one["standing"] for one in before["findings"]} == {"unchecked"}
    assert before["holder"]["id"] == str(service.people.reviewer.id)
    new = [{"code": "kept", "text": "New words."}, {"code": "fresh", "text": "New."}]
    ok(service.reviewer("POST", again, {"decision": "warn", "findings": new}))
    shown = ok(service.reviewer("GET", f"/v1/reviews/{second}"))
    assert (shown["round"], shown["kind"], shown["snapshot"]["app"]["slug"]) == (2, "first", "again")
    assert shown["changes"] == {
        "evidence": [
            {
                "path": ["partners_page", "url"],
                "change": "changed",
                "before": "https://acme.example/docs",
                "after": "https://acme.example/new",
            }
        ]
    }
    assert {(one["code"], one["detail"], one["standing"]) for one in shown["findings"]} == {
        ("kept", "New words.", "still_there"),
        ("fresh", "New.", "new"),
        ("gone", "Broken.", "fixed"),
    }
    compared = shown["compared_with"]
    assert (compared["review_id"], compared["round"], compared["outcome"]) == (first, 1, "changes_requested")
    assert compared["reasons"] == [{"code": "other", "text": "Mend the page.", "where": "Page", "saved_version": None}]
    waived = [(one["round"], one["step"], one["reason"], one["waived_by"]) for one in shown["earlier_waivers"]]
    assert waived == [(1, steps[1], "Agreed by phone.", "Rae")]
    assert ("again", 1, "changes_requested") in {(one["app"], one["round"], one["outcome"]) for one in shown["history"]}
    rerun = ok(service.reviewer("POST", again, {"decision": "rerun"}))
    assert (rerun["state"], rerun["run"], rerun["findings"], rerun["decided_by"]) == ("pending", 2, [], None)


def test_saved_reasons_have_versions_and_a_decision_keeps_the_version_it_used(shared_service: Service) -> None:
    service = shared_service
    body = {"code": "partners_page.no_utm", "text": "The links carry no UTM.", "where": "Your partners page"}
    path = "/v1/saved-reasons/partners_page.no_utm"
    added = ok(service.reviewer("POST", "/v1/saved-reasons", body, Idempotency_Key="s1"), 201)
    assert ok(service.reviewer("POST", "/v1/saved-reasons", body, Idempotency_Key="s1"), 201) == added
    problem(service.admin("POST", "/v1/saved-reasons", body), 409, "saved_reason.exists")
    (review,) = _submitted(service, "picked")
    _request_changes(
        service, review, [{"saved": "partners_page.no_utm", "text": "Both of them."}, {"text": "And the logo."}]
    )
    revised = ok(service.admin("POST", f"{path}/versions", {"text": "Better words."}), 201)
    assert (revised["version"], revised["where"]) == (2, "")
    log = ok(service.partner("GET", "/v1/apps/picked/transitions"))["items"]
    assert log[-1]["reasons"][0] == {
        "code": "partners_page.no_utm",
        "text": "The links carry no UTM.\nBoth of them.",
        "where": "Your partners page",
        "saved_version": 1,
    }
    assert ok(service.reviewer("DELETE", path))["retired"]
    assert ok(service.reviewer("DELETE", path))["version"] == 3
    assert [one["version"] for one in ok(service.reviewer("GET", path))["items"]] == [1, 2, 3]
    codes = [one["code"] for one in ok(service.reviewer("GET", "/v1/saved-reasons"))["items"]]
    assert "partners_page.no_utm" not in codes
    everything = ok(service.reviewer("GET", "/v1/saved-reasons?retired=true"))["items"]
    assert "partners_page.no_utm" in [one["code"] for one in everything]
    move(service.engine, service.people, "picked", AppTrigger.SUBMIT)
    decision = {"decision": "request_changes", "reasons": [{"saved": "partners_page.no_utm"}]}
    again = f"/v1/reviews/{_review_of(service, 'picked')}/decision"
    problem(service.reviewer("POST", again, decision), 422, "saved_reason.unknown")
    problem(service.reviewer("GET", "/v1/saved-reasons/nothing"), 404, "saved_reason.not_found")
    taken = {"code": "other", "text": "x"}
    problem(service.reviewer("POST", "/v1/saved-reasons", taken), 422, "request.invalid")
    problem(service.partner("GET", "/v1/saved-reasons"), 403, "role.forbidden")


def test_saved_reasons_are_listed_by_the_kind_of_review_that_they_are_for(shared_service: Service) -> None:
    service = shared_service
    for code, kinds in (("k.any", []), ("k.some", ["revision", "appeal", "appeal"]), ("k.look", ["health"])):
        body = {"code": code, "text": "Words.", "kinds": kinds}
        assert ok(service.reviewer("POST", "/v1/saved-reasons", body), 201)["kinds"] == sorted(set(kinds))
    for kind, codes in (("first", {"k.any"}), ("appeal", {"k.any", "k.some"}), ("health", {"k.any", "k.look"})):
        listed = ok(service.reviewer("GET", f"/v1/saved-reasons?limit=200&kind={kind}"))["items"]
        assert {one["code"] for one in listed if one["code"].startswith("k.")} == codes
    revised = ok(service.admin("POST", "/v1/saved-reasons/k.look/versions", {"text": "W.", "kinds": ["first"]}), 201)
    assert (revised["version"], revised["kinds"]) == (2, ["first"])
    assert ok(service.admin("DELETE", "/v1/saved-reasons/k.look"))["kinds"] == ["first"]
    wrong = {"code": "k.wrong", "text": "Words.", "kinds": ["none"]}
    problem(service.reviewer("POST", "/v1/saved-reasons", wrong), 422, "request.invalid")


def test_a_repeated_decision_returns_the_same_request_even_after_its_review_is_closed(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "decided-twice")
    path = f"/v1/reviews/{review}/decision"
    decision = {"decision": "request_changes", "reasons": [{"text": "Mend it."}]}
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    first = ok(service.reviewer("POST", path, decision, Idempotency_Key="again"), 202)
    judge(service.engine)
    repeated = ok(service.reviewer("POST", path, decision, Idempotency_Key="again"))
    assert (repeated["id"], repeated["status"]) == (first["id"], "applied")
    other = {"decision": "approve"}
    problem(service.reviewer("POST", path, other, Idempotency_Key="again"), 422, "idempotency.mismatch")
    problem(service.reviewer("POST", path, decision), 409, "review.closed")


def test_a_decision_applies_to_its_own_round_and_never_to_the_next(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "rounds")
    decision = {"decision": "request_changes", "reasons": [{"text": "Mend it."}]}
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    ok(service.reviewer("POST", f"/v1/reviews/{review}/decision", decision), 202)
    ok(service.partner("POST", "/v1/transition-requests", {"app": "rounds", "trigger": "submit"}), 202)
    late = ok(service.reviewer("POST", f"/v1/reviews/{review}/decision", decision), 202)
    judge(service.engine)
    refused = ok(service.reviewer("GET", f"/v1/transition-requests/{late['id']}"))
    assert refused["status"] == "refused"
    assert [(rule["code"], rule["detail"]) for rule in refused["unmet"]] == [
        (
            "review.expected",
            "The request is for a review that is open no longer: the one that was opened at version 4 is.",
        )
    ]
    (entry,) = ok(service.reviewer("GET", "/v1/reviews?app=rounds"))["items"]
    assert (entry["round"], entry["holder"]["name"]) == (2, "Rae")


def test_both_sides_write_on_the_newest_review_and_the_other_side_is_told(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "talk")
    mine = "/v1/apps/talk/messages"
    problem(service.partner("POST", mine, {"text": "Hello?"}), 409, "review.none")
    move(service.engine, service.people, "talk", AppTrigger.SUBMIT)
    review = _review_of(service, "talk")
    theirs = f"/v1/reviews/{review}/messages"
    first = ok(service.partner("POST", mine, {"text": "What is missing?"}, Idempotency_Key="m1"), 201)
    assert ok(service.partner("POST", mine, {"text": "What is missing?"}, Idempotency_Key="m1"), 201) == first
    ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
    ok(service.reviewer("POST", theirs, {"text": "The UTM parameters."}), 201)
    ok(service.partner("POST", mine, {"text": "Thank you."}), 201)
    page = ok(service.partner("GET", f"{mine}?limit=2"))
    rest = ok(service.partner("GET", f"{mine}?limit=2&after={page['next']}"))
    assert [(one["side"], one["author"], one["text"]) for one in page["items"] + rest["items"]] == [
        ("partner", "Pat", "What is missing?"),
        ("reviewer", None, "The UTM parameters."),
        ("partner", "Pat", "Thank you."),
    ]
    assert [one["author"] for one in ok(service.reviewer("GET", theirs))["items"]] == ["Pat", "Rae", "Pat"]
    told = text("""SELECT n.kind, count(*), bool_and(p.role = 'reviewer') FROM notification n
                     JOIN app a ON a.id = n.app_id JOIN person p ON p.id = n.recipient_id
                    WHERE a.slug = 'talk' AND n.kind LIKE 'message%' AND n.cause = :cause GROUP BY n.kind""")
    with Session(service.engine) as session:
        last = rest["items"][-1]["id"]
        assert session.execute(told, {"cause": f"message:{last}"}).all() == [("message_to_reviewer", 1, True)]
        answer = page["items"][1]["id"]
        assert session.execute(told, {"cause": f"message:{answer}"}).all() == [("message_to_partner", 1, False)]
    _request_changes(service, review, [{"text": "Mend it."}])
    ok(service.partner("POST", mine, {"text": "After the decision."}), 201)
    move(service.engine, service.people, "talk", AppTrigger.SUBMIT)
    problem(service.reviewer("POST", theirs, {"text": "Too late."}), 409, "review.not_newest")
    for blank in ("", " \n", "\x00", "x" * 5001):
        problem(service.partner("POST", mine, {"text": blank}), 422, "request.invalid")
    stranger = people_in(service.engine, "Stranger").partner
    caller = Caller(service.url, token_of(service.engine, stranger))
    for method, body in (("GET", None), ("POST", {"text": "Hi."})):
        problem(caller(method, mine, body), 404, "app.not_found")


def test_no_route_that_a_partner_may_call_returns_an_internal_note(shared_service: Service) -> None:
    service = shared_service
    (review,) = _submitted(service, "noted")
    notes = f"/v1/reviews/{review}/notes"
    ok(service.reviewer("POST", notes, {"text": SECRET}), 201)
    assert [one["text"] for one in ok(service.admin("GET", notes))["items"]] == [SECRET]
    problem(service.partner("GET", notes), 403, "role.forbidden")
    _request_changes(service, review, [{"text": "Mend it."}])
    component = ok(service.partner("GET", "/v1/apps/noted"))["components"][0]["id"]
    requests = "SELECT r.id FROM transition_request r JOIN app a ON a.id = r.app_id WHERE a.slug = 'noted' LIMIT 1"
    with Session(service.engine) as session:
        request = session.scalars(text(requests)).one()
        mails = session.scalars(text("SELECT kind || cause || data::text FROM notification")).all()
    known = {"slug": "noted", "component_id": component, "request_id": request, "review_id": review}
    called = 0
    for path in _get_paths(service):
        answer = service.partner("GET", path.format_map(_Known(known)))
        assert SECRET not in answer.text, path
        called += answer.status_code == 200
    assert called >= 8
    assert not any(SECRET in mail for mail in mails)


class _Known(dict[str, Any]):
    """Path parameters that the test knows. Any other has a placeholder."""

    def __missing__(self, key: str) -> str:
        return "partner_documentation"


def _get_paths(service: Service) -> Iterator[str]:
    for path, calls in ok(service.nobody("GET", "/openapi.json"))["paths"].items():
        if "get" in calls:
            yield path


def test_statistics_count_what_waits_and_what_was_decided_week_by_week(service: Service) -> None:
    one, two, three = _submitted(service, "one", "two", "three")
    step = _first_step(service, one)
    for review, findings in ((one, ["kept", "gone"]), (two, ["kept"])):
        ok(service.reviewer("POST", f"/v1/reviews/{review}/claim"))
        body = {"decision": "fail", "findings": [{"code": code, "text": "x"} for code in findings]}
        ok(service.reviewer("POST", f"/v1/reviews/{review}/steps/{step}", body))
        _request_changes(service, review, [{"text": "Mend it."}])
    move(service.engine, service.people, "one", AppTrigger.SUBMIT)
    move(service.engine, service.people, "one", AppTrigger.APPROVE)
    # A Wednesday in a week of its own: decided after 2 and 4 hours, the second past its due time.
    opened = datetime(2026, 3, 4, 12, tzinfo=UTC)
    with Session(service.engine) as session, session.begin():
        for review, hours, promised in ((one, 2, 3), (two, 4, 3)):
            session.execute(
                text("UPDATE review SET opened_at = :opened, closed_at = :closed, due_at = :due WHERE id = :id"),
                {
                    "id": UUID(review),
                    "opened": opened,
                    "closed": opened + timedelta(hours=hours),
                    "due": opened + timedelta(hours=promised),
                },
            )
        now = now_of(session)
    _set_due(service, three, now - timedelta(hours=2), now - timedelta(hours=1))
    shown = ok(service.reviewer("GET", "/v1/statistics/reviews?weeks=2&until=2026-03-08"))
    by_kind = {"first": 1, "revision": 0, "health": 0, "appeal": 0}
    assert shown["waiting"] == {"open": 1, "unclaimed": 1, "due_soon": 0, "overdue": 1, "by_kind": by_kind}
    empty, week = shown["weeks"]
    assert (empty["monday"], empty["decided"], empty["hours_to_decision_p50"]) == ("2026-02-23", 0, None)
    assert week == {
        "monday": "2026-03-02",
        "opened": 2,
        "decided": 2,
        "approved": 0,
        "changes_requested": 2,
        "within_promise": 1,
        "hours_to_decision_p50": 3.0,
        "hours_to_decision_p90": pytest.approx(3.8),
        "rounds_to_approval": None,
        "top_findings": [
            {"step": step, "code": "kept", "reviews": 2},
            {"step": step, "code": "gone", "reviews": 1},
        ],
        "kinds": [
            {"kind": "first", "opened": 2, "outcomes": {"changes_requested": 2}, "within_promise": 1},
            *({"kind": kind, "opened": 0, "outcomes": {}, "within_promise": 0} for kind in by_kind if kind != "first"),
        ],
    }
    (this_week,) = ok(service.admin("GET", "/v1/statistics/reviews?weeks=1"))["weeks"]
    assert (this_week["approved"], this_week["rounds_to_approval"]) == (1, 2.0)
    for query in ("weeks=0", "weeks=54", "until=1999-12-31", "until=x"):
        problem(service.reviewer("GET", f"/v1/statistics/reviews?{query}"), 422, "request.invalid")
    problem(service.partner("GET", "/v1/statistics/reviews"), 403, "role.forbidden")
