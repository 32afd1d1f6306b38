"""The Select Partner Program over HTTP."""

import requests

from models.lifecycle import AppState
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in
from tests.journeys import people_in, token_of


def _unmet(answer: requests.Response) -> list[str]:
    return [rule["code"] for rule in answer.json()["unmet"]]


def test_only_a_public_app_applies_and_a_decline_needs_a_reason(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "beta", AppState.PUBLIC_BETA)
    early = service.partner("POST", "/v1/apps/beta/membership", {})
    assert (early.status_code, _unmet(early)) == (409, ["app.public"])
    assert service.partner("GET", "/v1/apps/beta/membership").status_code == 404

    app_in(service.engine, service.people, "pub", AppState.PUBLIC)
    applied = service.partner("POST", "/v1/apps/pub/membership", {"message": "Take us."}, Idempotency_Key="once")
    again = service.partner("POST", "/v1/apps/pub/membership", {"message": "Take us."}, Idempotency_Key="once")
    assert (applied.status_code, applied.json()) == (201, again.json())
    twice = service.partner("POST", "/v1/apps/pub/membership", {})
    assert (twice.status_code, _unmet(twice)) == (409, ["state.allows"])
    waiting = service.reviewer("GET", "/v1/memberships?state=applied").json()["items"]
    assert [(one["app"], one["message"]) for one in waiting] == [("pub", "Take us.")]

    path = "/v1/apps/pub/membership/decision"
    assert _unmet(service.reviewer("POST", path, {"decision": "decline"})) == ["reason.given"]
    declined = service.reviewer("POST", path, {"decision": "decline", "reason": "Too early."}).json()
    assert (declined["state"], declined["reason"]) == ("declined", "Too early.")
    assert service.partner("GET", "/v1/apps/pub/membership").json()["reason"] == "Too early."
    assert _unmet(service.reviewer("POST", path, {"decision": "accept"})) == ["state.allows"]

    assert service.partner("POST", "/v1/apps/pub/membership", {}).json()["reason"] is None
    assert service.reviewer("POST", path, {"decision": "accept"}).json()["state"] == "member"
    assert service.partner("DELETE", "/v1/apps/pub/membership").json()["state"] == "left"
    assert service.partner("DELETE", "/v1/apps/pub/membership").status_code == 409


def test_another_company_neither_sees_nor_moves_a_membership(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "ours", AppState.PUBLIC)
    service.partner("POST", "/v1/apps/ours/membership", {})
    other = Caller(service.url, token_of(service.engine, people_in(service.engine, "Rival").partner))
    for method, body in (("GET", None), ("POST", {}), ("DELETE", None)):
        assert other(method, "/v1/apps/ours/membership", body).status_code == 404
    own = service.partner("POST", "/v1/apps/ours/membership/decision", {"decision": "accept"})
    assert (own.status_code, own.json()["code"]) == (403, "role.forbidden")


def test_a_reviewer_ends_a_membership_and_sees_what_the_app_is(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "ended", AppState.PUBLIC)
    service.partner("POST", "/v1/apps/ended/membership", {})
    service.reviewer("POST", "/v1/apps/ended/membership/decision", {"decision": "accept"})
    (shown,) = [one for one in service.reviewer("GET", "/v1/memberships").json()["items"] if one["app"] == "ended"]
    assert (shown["app_name"], shown["app_state"], shown["customers"]) == ("Ended", "public", 3)
    assert service.reviewer("DELETE", "/v1/apps/ended/membership").json()["state"] == "left"
