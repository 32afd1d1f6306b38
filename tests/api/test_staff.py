"""Reviewers and admins over HTTP: adding and removing them, their absences, and who is told."""

from datetime import UTC, datetime, timedelta

from models.lifecycle import AppState
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in


def _in(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _new(service: Service, name: str, role: str = "reviewer") -> tuple[str, Caller]:
    """Adds somebody over HTTP, and returns their id and a caller with their first token."""
    body = {"name": name, "email": f"{name.lower()}@platform.example", "role": role}
    made = service.admin("POST", "/v1/staff", body)
    assert made.status_code == 201, made.text
    given = service.admin("POST", "/v1/tokens", {"person_id": made.json()["id"], "label": "first"})
    return made.json()["id"], Caller(service.url, given.json()["token"])


def test_an_admin_adds_a_reviewer_who_then_works_and_removes_them_with_what_they_hold(shared_service: Service) -> None:
    service = shared_service
    bo, caller = _new(service, "Bo")
    twice = service.admin("POST", "/v1/staff", {"name": "Bo", "email": "BO@platform.example"})
    assert (twice.status_code, twice.json()["code"]) == (409, "person.exists")
    app_in(service.engine, service.people, "held", AppState.SUBMITTED)
    review = service.reviewer("GET", "/v1/reviews?app=held").json()["items"][0]["id"]
    assert caller("POST", f"/v1/reviews/{review}/claim").status_code == 200
    listed = {one["name"]: one for one in service.reviewer("GET", "/v1/staff?role=reviewer").json()["items"]}
    assert (listed["Bo"]["holds"], listed["Rae"]["holds"], listed["Bo"]["away_until"]) == (1, 0, None)
    assert service.reviewer("GET", f"/v1/staff/{bo}").json() == listed["Bo"]
    assert service.admin("DELETE", f"/v1/staff/{bo}").status_code == 204
    assert caller("GET", "/v1/reviews").status_code == 401
    assert service.reviewer("GET", f"/v1/reviews/{review}").json()["holder"] is None
    assert service.admin("DELETE", f"/v1/staff/{bo}").status_code == 404
    for nobody in (bo, service.people.partner.id):
        refused = service.reviewer("GET", f"/v1/staff/{nobody}")
        assert (refused.status_code, refused.json()["code"]) == (404, "staff.not_found")
    acted = [one["action"] for one in service.admin("GET", f"/v1/audit?target={bo}").json()["items"]]
    assert acted == ["staff.remove", "staff.add"]


def test_the_last_admin_cannot_be_removed(shared_service: Service) -> None:
    service = shared_service
    refused = service.admin("DELETE", f"/v1/staff/{service.people.admin.id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "staff.last_admin")
    other, caller = _new(service, "Al", "admin")
    assert caller("DELETE", f"/v1/staff/{other}").status_code == 204, "another admin is left"


def test_everybody_says_for_themselves_that_they_are_away_and_admins_for_anybody(shared_service: Service) -> None:
    service = shared_service
    cy, caller = _new(service, "Cy")
    for until in (_in(-1), _in(400)):
        refused = caller("PUT", f"/v1/staff/{cy}/absence", {"until": until})
        assert (refused.status_code, refused.json()["code"]) == (422, "absence.until")
    refused = service.reviewer("PUT", f"/v1/staff/{cy}/absence", {"until": _in(1)})
    assert (refused.status_code, refused.json()["code"]) == (403, "absence.not_yours")
    for who in (caller, service.admin):
        assert who("PUT", f"/v1/staff/{cy}/absence", {"until": _in(1)}).json()["away_until"] is not None
        assert who("DELETE", f"/v1/staff/{cy}/absence").json()["away_until"] is None
    partner = service.people.partner.id
    assert service.admin("PUT", f"/v1/staff/{partner}/absence", {"until": _in(1)}).status_code == 404
