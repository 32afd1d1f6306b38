"""How far the Components of an App are tested: what each lacks, since when it is tested, and its latest suite."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.api.answers import problem
from tests.api.running import Service
from tests.launch import STREAM

WEBHOOK = {"url": "https://acme.example/webhook", "event_types": ["track", "delete"]}
PLUGIN = {"bundle_url": "https://acme.example/plugin.js", "minimum_sdk_version": "1.60"}


def _app(service: Service, slug: str) -> str:
    assert service.partner("POST", "/v1/apps", {"slug": slug, "name": slug}).status_code == 201
    return f"/v1/apps/{slug}"


def _add(service: Service, path: str, kind: str, subkind: str, settings: dict[str, Any]) -> str:
    body = {"kind": kind, "subkind": subkind, "name": f"A {kind}", "settings": settings}
    made = service.partner("POST", f"{path}/components", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _states(service: Service, path: str) -> list[dict[str, Any]]:
    answer = service.partner("GET", f"{path}/component-states")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def _codes(state: dict[str, Any]) -> list[str]:
    return [one["code"] for one in state["lacks"]]


def test_a_subscription_lacks_its_key_then_its_suite_and_then_nothing(shared_service: Service) -> None:
    path = _app(shared_service, "standing-webhook")
    component = f"{path}/components/{_add(shared_service, path, 'subscription', 'webhook', WEBHOOK)}"
    (state,) = _states(shared_service, path)
    assert (state["tested"], state["tested_at"], state["latest_run"]) == (False, None, None)
    assert _codes(state) == ["component.no_test_key", "component.untested"]
    shared_service.partner("PUT", f"{component}/test-settings", {"key": "acme-key"})
    assert _codes(_states(shared_service, path)[0]) == ["component.untested"]
    results = [{"event": "track", "status": 500}, {"event": "delete", "status": 200}]
    assert shared_service.service("POST", f"{component}/tests", {"rig": "Lab", "results": results}).status_code == 201
    (red,) = _states(shared_service, path)
    assert (_codes(red), red["latest_run"]["results"]) == (["component.red"], {"red": 1, "green": 1})
    results[0]["status"] = 501
    run = shared_service.service("POST", f"{component}/tests", {"rig": "Lab", "results": results}).json()
    (tested,) = _states(shared_service, path)
    assert (tested["tested"], tested["colour"], tested["lacks"]) == (True, "yellow", [])
    assert tested["tested_at"] == tested["latest_run"]["finished_at"]
    assert (tested["latest_run"]["id"], tested["latest_run"]["is_current"]) == (run["id"], True)
    shared_service.partner("PATCH", component, {"name": "Another"}, If_Match="*")
    (changed,) = _states(shared_service, path)
    assert (changed["tested_at"], changed["latest_run"]["is_current"]) == (None, False)
    assert changed["lacks"][0]["detail"] == "It has changed since it was tested."


def test_a_key_that_has_ended_is_said(shared_service: Service) -> None:
    path = _app(shared_service, "standing-ended")
    component_id = _add(shared_service, path, "subscription", "webhook", WEBHOOK)
    shared_service.partner("PUT", f"{path}/components/{component_id}/test-settings", {"key": "acme-key"})
    with shared_service.engine.begin() as connection:
        ended = {"id": UUID(component_id), "days": timedelta(days=91)}
        connection.execute(
            text("UPDATE component_test_settings SET ends_at = ends_at - :days WHERE component_id = :id"), ended
        )
    assert _codes(_states(shared_service, path)[0]) == ["component.test_key_ended", "component.untested"]


def test_a_stream_names_the_events_that_have_not_come(shared_service: Service) -> None:
    path = _app(shared_service, "standing-stream")
    _add(shared_service, path, "stream", "", {"events": [f"Widget {number}" for number in range(7)]})
    _add(shared_service, path, "plugin", "web", PLUGIN)
    stream, plugin = _states(shared_service, path)
    assert stream["lacks"][0]["detail"] == (
        "7 of its 7 declared events have not come, valid, since its latest change: "
        "Widget 0, Widget 1, Widget 2, Widget 3, Widget 4 and 2 more."
    )
    assert plugin["lacks"][0]["detail"] == "It has not been tested yet."


def test_another_companys_components_are_not_known(shared_service: Service) -> None:
    problem(shared_service.partner("GET", "/v1/apps/nobody-has-it/component-states"), 404, "app.not_found")


def test_a_stream_says_where_it_sends_to_and_an_app_whether_its_draft_is_frozen(shared_service: Service) -> None:
    path = _app(shared_service, "standing-tracking")
    stream = _add(shared_service, path, "stream", "", STREAM)
    declared = shared_service.partner("GET", f"{path}/components/{stream}/declared-events").json()
    assert declared["tracking_url"] == "http://127.0.0.1:8788"
    assert [one["event"] for one in declared["items"]] == STREAM["events"]
    assert shared_service.partner("GET", path).json()["frozen"] is False
