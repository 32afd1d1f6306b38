"""Test runs and test settings over HTTP: the form, what is refused and why, and results as they come."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.api.answers import problem
from tests.api.running import Service
from tests.launch import RIG, SENT, STREAM, WEBHOOK

DECLARED: list[dict[str, Any]] = [
    {"name": "region", "label": "Region", "type": "choice", "choices": ["EU", "US"], "required": True},
    {"name": "depth", "label": "Depth", "type": "number"},
    {"name": "debug", "label": "Debug", "type": "boolean"},
    {"name": "project", "label": "Project", "type": "text"},
]
KEY = "the-test-key-of-acme"


def _component(service: Service, slug: str, body: dict[str, Any] | None = None, **settings: Any) -> str:
    """Creates an App with a Component, by default a webhook that declares settings. Returns its path."""
    assert service.partner("POST", "/v1/apps", {"slug": slug, "name": slug.title()}).status_code == 201
    asked = body or {**WEBHOOK, "settings": {**WEBHOOK["settings"], "settings": DECLARED, **settings}}
    made = service.partner("POST", f"/v1/apps/{slug}/components", asked)
    assert made.status_code == 201, made.text
    return f"/v1/apps/{slug}/components/{made.json()['id']}"


def _give(service: Service, path: str, **settings: Any) -> None:
    given = service.partner("PUT", f"{path}/test-settings", {"key": KEY, "settings": {"region": "EU", **settings}})
    assert given.status_code == 200, given.text


def _end_runs(service: Service) -> None:
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE component_test SET status = 'void' WHERE status = 'due'"))


def test_the_form_of_a_run_is_what_the_component_declares_and_shows_no_value(shared_service: Service) -> None:
    path = _component(shared_service, "form")
    form = shared_service.partner("GET", f"{path}/test-settings").json()
    assert (form["key_name"], form["ends_at"]) == ("API key", None)
    assert [(one["name"], one["type"], one["required"], one["given"]) for one in form["settings"]] == [
        ("region", "choice", True, False),
        ("depth", "number", False, False),
        ("debug", "boolean", False, False),
        ("project", "text", False, False),
    ]
    _give(shared_service, path, depth=2.5, project="secret project")
    read = shared_service.reviewer("GET", f"{path}/test-settings")
    assert [one["name"] for one in read.json()["settings"] if one["given"]] == ["region", "depth", "project"]
    assert read.json()["ends_at"] is not None
    assert (KEY in read.text, "secret project" in read.text) == (False, False)
    with shared_service.engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM component_test_settings")).all())
    assert (KEY in stored, "secret project" in stored) == (False, False)
    assert shared_service.partner("DELETE", f"{path}/test-settings").status_code == 204
    assert shared_service.partner("GET", f"{path}/test-settings").json()["ends_at"] is None


def test_every_problem_with_the_values_is_named(shared_service: Service) -> None:
    path = _component(shared_service, "values")
    wrong = {"depth": True, "debug": "yes", "project": 5, "other": 1}
    refused = shared_service.partner("PUT", f"{path}/test-settings", {"key": KEY, "settings": wrong})
    problem(refused, 422, "test_settings.values")
    for words in (
        "settings.region: is required.",
        "settings.depth: must be a number.",
        "settings.debug: must be true or false.",
        "settings.project: must be a text",
        "settings.other: the Component declares no such setting.",
    ):
        assert words in refused.json()["detail"]
    choice = shared_service.partner("PUT", f"{path}/test-settings", {"key": KEY, "settings": {"region": "Mars"}})
    assert "settings.region: must be one of: EU, US." in choice.json()["detail"]
    past = {"key": KEY, "settings": {"region": "EU"}, "ends_at": "2020-01-01T00:00:00Z"}
    problem(shared_service.partner("PUT", f"{path}/test-settings", past), 422, "test_settings.ends_at")


def test_a_run_needs_test_settings_that_fit_and_last(shared_service: Service) -> None:
    path = _component(shared_service, "needy")
    problem(shared_service.partner("POST", f"{path}/test-runs", {}), 409, "test_settings.missing")
    _give(shared_service, path)
    more = {**WEBHOOK["settings"], "settings": [{**DECLARED[0], "choices": ["US"]}]}
    assert shared_service.partner("PATCH", path, {"settings": more}, If_Match="*").status_code == 200
    problem(shared_service.partner("POST", f"{path}/test-runs", {}), 422, "test_settings.values")
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE component_test_settings SET ends_at = now()"))
    problem(shared_service.partner("POST", f"{path}/test-runs", {}), 409, "test_settings.ended")


def test_a_run_is_due_shown_and_the_only_one_at_a_time(shared_service: Service) -> None:
    path = _component(shared_service, "started")
    _give(shared_service, path)
    started = shared_service.partner("POST", f"{path}/test-runs", {"scope": "suite"}, Idempotency_Key="run-1")
    assert started.status_code == 202, started.text
    run = started.json()
    assert started.headers["Location"] == f"{path}/test-runs/{run['id']}"
    assert (run["status"], run["scope"], run["revision"], run["results"]) == ("due", "suite", 1, [])
    again = shared_service.partner("POST", f"{path}/test-runs", {"scope": "suite"}, Idempotency_Key="run-1")
    assert again.json()["id"] == run["id"]
    problem(shared_service.partner("POST", f"{path}/test-runs", {}), 409, "test_run.under_way")
    assert shared_service.reviewer("GET", f"{path}/test-runs/{run['id']}").json()["id"] == run["id"]
    _end_runs(shared_service)
    second = shared_service.partner("POST", f"{path}/test-runs", {"scope": "event", "event": "track"}).json()["id"]
    listed = shared_service.partner("GET", f"{path}/test-runs").json()["items"]
    assert [(one["id"], one["scope"]) for one in listed] == [(second, "event"), (run["id"], "suite")]
    problem(shared_service.partner("GET", f"{path}/test-runs/{second[:-4]}0000"), 404, "test_run.not_found")
    _end_runs(shared_service)


def test_a_call_that_waits_in_vain_is_told_that_the_run_is_due(shared_service: Service) -> None:
    path = _component(shared_service, "waiting")
    _give(shared_service, path)
    waited = shared_service.partner("POST", f"{path}/test-runs", {}, Prefer="wait=1")
    assert (waited.status_code, waited.json()["status"], waited.headers["Preference-Applied"]) == (202, "due", "wait")
    _end_runs(shared_service)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scope": "suite", "event": "track"}, 422, "test_run.parts"),
        ({"scope": "event"}, 422, "test_run.parts"),
        ({"scope": "try_out", "event": "track"}, 422, "test_run.parts"),
        ({"scope": "event", "event": "page"}, 422, "test_run.event"),
        ({"scope": "try_out", "message": {}}, 422, "test_run.event"),
        ({"scope": "try_out", "message": {"type": ["track"]}}, 422, "test_run.event"),
        ({"scope": "try_out", "message": {"type": "track", "x": "y" * 40_000}}, 422, "test_run.message"),
        ({"scope": "nothing"}, 422, None),
        ({"scope": "try_out", "message": {"type": "track", "x": "\x00"}}, 422, None),
        ({"scope": "try_out", "message": [1]}, 422, None),
    ],
)
def test_what_cannot_be_run_is_refused_with_what_to_do(
    shared_service: Service, body: dict[str, Any], status: int, code: str | None
) -> None:
    slug = f"refused-{abs(hash(str(body)[:200])) % 10**9}"
    path = _component(shared_service, slug)
    _give(shared_service, path)
    refused = shared_service.partner("POST", f"{path}/test-runs", body)
    assert refused.status_code == status, refused.text
    assert code is None or (refused.json()["code"], bool(refused.json()["remedy"])) == (code, True)


def test_a_try_out_of_a_strangers_host_is_refused(shared_service: Service) -> None:
    own = {"scope": "try_out", "message": {"type": "track", "event": "Order Completed"}}
    for slug, url, code in (
        ("foreign", "https://stranger.example/hook", 409),
        ("number", "https://203.0.113.9/hook", 409),
        ("pages", "https://acme.github.io/hook", 409),
        ("alike", "https://acme.example.stranger.example/hook", 409),
        ("own", "https://hooks.acme.example/hook", 202),
    ):
        path = _component(shared_service, f"host-{slug}", url=url)
        _give(shared_service, path)
        answer = shared_service.partner("POST", f"{path}/test-runs", own)
        assert answer.status_code == code, (slug, answer.text)
        assert code == 202 or answer.json()["code"] == "test_run.host"
    _end_runs(shared_service)


@pytest.mark.parametrize("scope", [{"scope": "suite"}, {"scope": "event", "event": "track"}])
def test_a_mapping_is_sent_to_no_strangers_host(shared_service: Service, scope: dict[str, str]) -> None:
    mapping = {"default": {"method": "DELETE", "path": "/admin", "body": {"@literal": "mine"}}}
    for number, (url, given, code) in enumerate(
        (
            ("https://stranger.example/hook", mapping, 409),
            ("https://stranger.example/hook", None, 202),
            ("https://hooks.acme.example/hook", mapping, 202),
        )
    ):
        settings = {**WEBHOOK["settings"], "url": url} | ({"mapping": given} if given else {})
        body = {**WEBHOOK, "subkind": "function", "settings": settings}
        path = _component(shared_service, f"mapping-{scope['scope']}-{number}", body)
        assert shared_service.partner("PUT", f"{path}/test-settings", {"key": KEY}).status_code == 200
        answer = shared_service.partner("POST", f"{path}/test-runs", scope)
        assert answer.status_code == code, (url, answer.text)
        assert code == 202 or answer.json()["code"] == "test_run.host"
    _end_runs(shared_service)


def test_only_kinds_that_the_service_runs_can_be_run(shared_service: Service) -> None:
    path = _component(shared_service, "stream", {"kind": "stream", "name": "Events", "settings": STREAM})
    problem(shared_service.partner("POST", f"{path}/test-runs", {}), 422, "test_run.kind")
    given = {"key": KEY, "settings": {}}
    problem(shared_service.partner("PUT", f"{path}/test-settings", given), 422, "test_settings.kind")


def test_partners_cannot_write_results_and_rigs_are_named(shared_service: Service) -> None:
    path = _component(shared_service, "rigged", {"kind": "stream", "name": "Events", "settings": STREAM})
    body = {"rig": RIG, "results": SENT}
    assert shared_service.partner("POST", f"{path}/tests", body).status_code == 403
    assert shared_service.service("POST", f"{path}/tests", {"results": SENT}).status_code == 422
    assert shared_service.service("POST", f"{path}/tests", body).status_code == 201
    (listed,) = shared_service.reviewer("GET", f"{path}/tests").json()["items"]
    assert (listed["source"], listed["reporter"]) == ("rig", RIG)
    assert shared_service.partner("GET", path).json()["colour"] == "green"
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE component_test SET source = 'reported', reporter = NULL WHERE source = 'rig'"))
    assert shared_service.partner("GET", path).json()["colour"] is None


def _scopes(service: Service, path: str) -> dict[str, list[str]]:
    """Returns what a run of each scope lacks, by code. It could be started exactly if it lacks nothing."""
    items = service.partner("GET", f"{path}/test-scopes").json()["items"]
    assert [one["possible"] for one in items] == [not one["missing"] for one in items]
    return {one["scope"]: [it["code"] for it in one["missing"]] for one in items}


def test_what_each_run_lacks_is_said_before_it_is_started(shared_service: Service) -> None:
    path = _component(shared_service, "scopes", url="https://hooks.stranger.example/in")
    missing = ["test_settings.missing"]
    assert _scopes(shared_service, path) == {
        "suite": missing, "event": missing, "try_out": ["test_run.host", *missing],
    }  # fmt: skip
    assert shared_service.reviewer("GET", f"{path}/test-scopes").json()["host"] == "hooks.stranger.example"
    _give(shared_service, path)
    assert _scopes(shared_service, path) == {"suite": [], "event": [], "try_out": ["test_run.host"]}
    assert shared_service.partner("POST", f"{path}/test-runs", {}).status_code == 202
    assert _scopes(shared_service, path)["suite"] == ["test_run.under_way"]
    _end_runs(shared_service)
    stream = _component(shared_service, "scopes-stream", {"kind": "stream", "name": "S", "settings": STREAM})
    assert shared_service.partner("GET", f"{stream}/test-scopes").json() == {"host": None, "items": []}


def test_a_run_says_what_it_was_asked_for_and_which_cases_are_to_come(shared_service: Service) -> None:
    path = _component(shared_service, "to-come", url="https://acme.example/hook")
    _give(shared_service, path)
    suite = shared_service.partner("POST", f"{path}/test-runs", {}).json()
    assert [one["title"] for one in suite["to_come"]][:2] == ["identify", 'track "Signed up"']
    assert suite["to_come"][-1] == {"code": "delete", "title": "delete", "event": "delete"}
    assert (suite["event"], suite["message"]) == (None, None)
    _end_runs(shared_service)
    ended = shared_service.partner("GET", f"{path}/test-runs/{suite['id']}").json()
    assert (ended["results"], ended["to_come"]) == ([], [])
    event = shared_service.partner("POST", f"{path}/test-runs", {"scope": "event", "event": "delete"}).json()
    assert (event["event"], [one["code"] for one in event["to_come"]]) == ("delete", ["delete"])
    _end_runs(shared_service)


def test_what_is_entered_for_a_try_out_needs_to_fit_and_needs_nothing_kept(shared_service: Service) -> None:
    path = _component(shared_service, "entered")
    message = {"type": "track", "event": "Tried", "userId": "u"}
    run: dict[str, Any] = {"scope": "try_out", "message": message, "entered": {"key": KEY, "settings": {}}}
    unfit = problem(shared_service.partner("POST", f"{path}/test-runs", run), 422, "test_settings.values")
    assert [one["pointer"] for one in unfit["errors"]] == ["#/entered/settings/region"]
    run["entered"]["settings"]["region"] = "EU"
    suite = {"scope": "suite", "entered": run["entered"]}
    problem(shared_service.partner("POST", f"{path}/test-runs", suite), 422, "test_run.entered")
    started = shared_service.partner("POST", f"{path}/test-runs", run)
    assert started.status_code == 202, started.text
    assert (started.json()["message"], KEY in started.text, "sealed" in started.text) == (message, False, False)
    assert shared_service.partner("GET", f"{path}/test-settings").json()["ends_at"] is None
    _end_runs(shared_service)
