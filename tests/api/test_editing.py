"""What a partner may edit in which state, and what an edit undoes."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.running import Service
from tests.journeys import app_building, judge
from tests.launch import RIG, SENT, STREAM, WEB

ACCOUNT = {"username": "rae", "password": "a new secret"}


def _acme_with_component(service: Service) -> str:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    body = {"kind": "stream", "name": "Events", "settings": STREAM}
    return f"/v1/apps/acme/components/{service.partner('POST', '/v1/apps/acme/components', body).json()['id']}"


def _shown(service: Service) -> list[tuple[str, bool]]:
    shown = service.partner("GET", "/v1/apps/acme").json()["components"]
    return [(component["name"], component["tested"]) for component in shown]


def test_a_change_must_be_tested_again_and_cannot_be_tested_beforehand(service: Service) -> None:
    path = _acme_with_component(service)
    results = SENT
    early = service.service("POST", f"{path}/tests", {"rig": RIG, "results": results, "revision": 2})
    assert (early.status_code, early.json()["code"]) == (422, "test.revision")
    assert service.service("POST", f"{path}/tests", {"rig": RIG, "results": results}).status_code == 201
    assert _shown(service) == [("Events", True)]
    assert service.partner("PATCH", path, {"name": "All events"}, If_Match='"1"').json()["revision"] == 2
    assert _shown(service) == [("All events", False)]


def test_an_empty_change_is_refused_and_undoes_no_test(service: Service) -> None:
    path = _acme_with_component(service)
    service.service("POST", f"{path}/tests", {"rig": RIG, "results": SENT})
    assert service.partner("PATCH", path, {}, If_Match='"1"').status_code == 422
    assert _shown(service) == [("Events", True)]


def test_a_removed_component_is_gone_and_no_longer_prevents_a_submission(service: Service) -> None:
    app_building(service.engine, service.people, "acme")
    body = {"kind": "plugin", "subkind": "web", "name": "Extra", "settings": WEB}
    extra = service.partner("POST", "/v1/apps/acme/components", body)
    path = f"/v1/apps/acme/components/{extra.json()['id']}"
    assert service.partner("DELETE", path, If_Match='"1"').status_code == 204
    assert service.partner("DELETE", path, If_Match='"1"').status_code == 404
    assert [name for name, _ in _shown(service)] == ["Events"]
    service.partner("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"})
    judge(service.engine)
    assert service.partner("GET", "/v1/apps/acme").json()["state"] == "submitted"


def test_only_the_test_account_can_be_changed_while_an_app_is_submitted(service: Service) -> None:
    app_building(service.engine, service.people, "acme")
    service.partner("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"})
    judge(service.engine)
    account = service.partner("PUT", "/v1/apps/acme/checklist/test_account", {"evidence": ACCOUNT})
    assert account.json()["evidence"]["password"] == "***"
    url = {"evidence": {"url": "https://acme.example/other"}}
    page = service.partner("PUT", "/v1/apps/acme/checklist/partners_page", url)
    assert (page.status_code, page.json()["code"]) == (409, "app.frozen")


@pytest.mark.parametrize(
    ("requirement", "evidence", "named"),
    [
        ("test_account", {**ACCOUNT, "Password": "plain"}, "Password"),
        ("test_account", {**ACCOUNT, "notes": 3}, "notes"),
        ("partners_page", {"url": "ftp://acme.example"}, "url"),
        ("app_info", {"description": "short", "categories": ["None such"]}, "website"),
        ("catalog_details", {"text": "Charts.", "screenshots": ["one.png"]}, "screenshot"),
        ("launch_announcement", {"text": "too short"}, "text"),
        ("replay_info", {}, "possible"),
        ("replay_info", {"possible": True, "requests_per_second": True}, "requests_per_second"),
    ],
)
def test_invalid_evidence_is_refused_by_field_and_not_stored(
    service: Service, requirement: str, evidence: dict[str, object], named: str
) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    answer = service.partner("PUT", f"/v1/apps/acme/checklist/{requirement}", {"evidence": evidence})
    assert (answer.status_code, answer.json()["code"]) == (422, "evidence.invalid")
    assert named in answer.json()["detail"]
    with Session(service.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM checklist_item")) == 0


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_request_for_a_time_out_of_range_is_refused_and_not_stored(service: Service, moment: str) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    asked = {"app": "acme", "trigger": "submit", "not_before": moment}
    assert service.partner("POST", "/v1/transition-requests", asked).status_code == 422
    with Session(service.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM transition_request")) == 0
