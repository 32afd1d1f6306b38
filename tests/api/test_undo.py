"""A decision for later over HTTP: what is unmet is refused at once, and until it is due it can be taken back."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger
from tests.api.answers import ok, problem
from tests.api.running import Service
from tests.factories import app_in, make_possible
from tests.journeys import ask, judge, now_of, state_of

BACK = {"decision": "request_changes", "reasons": [{"text": "Mend the links."}]}


def _reviewed(service: Service, slug: str) -> str:
    """Returns the path of the open review of a new App, which the reviewer holds and may approve."""
    app_in(service.engine, service.people, slug, AppState.SUBMITTED)
    make_possible(service.engine, service.people, slug, AppTrigger.APPROVE)
    (found,) = ok(service.reviewer("GET", f"/v1/reviews?app={slug}"))["items"]
    return f"/v1/reviews/{found['id']}"


def _in_seconds(service: Service, seconds: int) -> str:
    with Session(service.engine) as session:
        return (now_of(session) + timedelta(seconds=seconds)).isoformat()


def _pass_time(service: Service) -> None:
    """Makes all requests due now, and judges them."""
    with Session(service.engine) as session, session.begin():
        earlier = "UPDATE transition_request SET due_at = now() WHERE status = 'due' AND due_at > now()"
        session.execute(text(earlier))
    judge(service.engine)


def _decided(service: Service, review: str, decision: dict[str, Any]) -> str:
    asked = ok(service.reviewer("POST", f"{review}/decision", decision), 202)
    assert asked["status"] == "due"
    return f"/v1/transition-requests/{asked['id']}"


def test_a_decision_is_undone_and_made_again(shared_service: Service) -> None:
    service = shared_service
    review = _reviewed(service, "undo")
    later = {"not_before": _in_seconds(service, 10)}
    request = _decided(service, review, BACK | later)
    judge(service.engine)
    (made,) = ok(service.reviewer("GET", review))["decisions"]
    assert (made["status"], made["decision"], made["by"]) == ("due", "request_changes", "Rae")
    assert made["reasons"][0]["text"] == "Mend the links."
    problem(service.reviewer("POST", f"{review}/decision", BACK | later), 409, "review.decision_due")
    problem(service.admin("POST", f"{request}/cancel"), 403, "request.not_own")
    for _ in range(2):
        assert ok(service.reviewer("POST", f"{request}/cancel"))["status"] == "cancelled"
    assert ok(service.reviewer("GET", review))["decisions"] == []
    _pass_time(service)
    assert state_of(service.engine, "undo") == ("submitted", 2)
    seen = ok(service.reviewer("GET", "/v1/apps/undo/transition-requests?status=cancelled"))["items"]
    assert [one["status"] for one in seen] == ["cancelled"]
    request = _decided(service, review, {"decision": "approve"} | later)
    _pass_time(service)
    assert state_of(service.engine, "undo")[0] == "public_beta"
    problem(service.reviewer("POST", f"{request}/cancel"), 409, "request.judged")


def test_a_decision_for_later_that_is_not_possible_now_is_refused_at_once(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "unmet", AppState.SUBMITTED)
    (found,) = ok(service.reviewer("GET", "/v1/reviews?app=unmet"))["items"]
    review = f"/v1/reviews/{found['id']}"
    later = {"decision": "approve", "not_before": _in_seconds(service, 10)}
    refused = service.reviewer("POST", f"{review}/decision", later)
    problem(refused, 409, "rules.unmet")
    assert {one["code"] for one in refused.json()["unmet"]} >= {"review.steps_passed", "review.claimed"}
    ok(service.reviewer("POST", f"{review}/claim"))
    without = {"decision": "request_changes", "not_before": _in_seconds(service, 10)}
    problem(service.reviewer("POST", f"{review}/decision", without), 409, "rules.unmet")
    stale = BACK | {"not_before": _in_seconds(service, 10), "expected_state": "public"}
    problem(service.reviewer("POST", f"{review}/decision", stale), 409, "rules.unmet")
    unknown = BACK | {"not_before": _in_seconds(service, 10), "reasons": [{"saved": "nobody.knows"}]}
    problem(service.reviewer("POST", f"{review}/decision", unknown), 422, "saved_reason.unknown")
    far = BACK | {"not_before": _in_seconds(service, 120)}
    problem(service.reviewer("POST", f"{review}/decision", far), 422, "not_before.out_of_bounds")
    assert ok(service.reviewer("GET", "/v1/apps/unmet/transition-requests"))["items"][0]["trigger"] == "submit"
    decision = BACK | {"not_before": _in_seconds(service, 10)}
    first = ok(service.reviewer("POST", f"{review}/decision", decision, Idempotency_Key="once"), 202)
    assert (
        ok(service.reviewer("POST", f"{review}/decision", decision, Idempotency_Key="once"), 202)["id"] == first["id"]
    )


def test_a_decision_that_is_refused_later_is_shown_on_its_review_and_to_who_made_it(shared_service: Service) -> None:
    service = shared_service
    review = _reviewed(service, "later")
    request = _decided(service, review, {"decision": "approve", "not_before": _in_seconds(service, 10)})
    ask(service.engine, service.people.partner, "later", AppTrigger.WITHDRAW)
    judge(service.engine)
    _pass_time(service)
    assert ok(service.reviewer("GET", request))["status"] == "refused"
    (made,) = ok(service.reviewer("GET", review))["decisions"]
    assert made["status"] == "refused"
    assert "review.expected" in {one["code"] for one in made["unmet"]}
    listed = ok(service.reviewer("GET", "/v1/reviews/refused-decisions"))["items"]
    (one,) = [one for one in listed if one["review"]["app"] == "later"]
    assert (one["review"]["outcome"], one["made"]["id"]) == ("withdrawn", made["id"])
    assert ok(service.admin("GET", "/v1/reviews/refused-decisions"))["items"] == []


def test_a_refused_decision_leaves_the_list_once_its_review_is_decided_again(shared_service: Service) -> None:
    service = shared_service
    review = _reviewed(service, "again")
    step = ok(service.reviewer("GET", review))["steps"][0]["code"]
    _decided(service, review, {"decision": "approve", "not_before": _in_seconds(service, 10)})
    ok(service.reviewer("POST", f"{review}/steps/{step}", {"decision": "rerun"}))
    _pass_time(service)

    def listed() -> list[str]:
        items = ok(service.reviewer("GET", "/v1/reviews/refused-decisions"))["items"]
        return [one["review"]["app"] for one in items if one["review"]["app"] == "again"]

    assert listed() == ["again"]
    _decided(service, review, BACK | {"not_before": _in_seconds(service, 10)})
    assert listed() == []
    _pass_time(service)
    assert state_of(service.engine, "again")[0] == "building"


def test_a_decision_is_seen_before_it_is_made(shared_service: Service) -> None:
    service = shared_service
    review = _reviewed(service, "seen-before")
    seen = ok(service.reviewer("POST", f"{review}/decision/preview", BACK))
    assert (seen["judgment"]["possible"], seen["judgment"]["leads_to"]) == (True, "building")
    (mail,) = seen["mails"]
    pat = str(service.people.partner.id)
    assert (mail["kind"], mail["name"], mail["recipient_id"]) == ("changes_requested", "Pat", pat)
    assert mail["subject"] == '"Seen-Before" needs changes'
    assert all("Mend the links." in mail[form] for form in ("text", "html"))
    assert state_of(service.engine, "seen-before")[0] == "submitted"
    unmet = ok(service.reviewer("POST", f"{review}/decision/preview", {"decision": "request_changes"}))
    assert (unmet["judgment"]["possible"], len(unmet["mails"])) == (False, 1)
    problem(service.reviewer("POST", f"{review}/decision/preview", {"decision": "promote"}), 422, "request.invalid")
