"""Refusals over HTTP: items of lists by themselves, values with pointers and in words, parameters and calls by name."""

from typing import Any

import pytest

from tests.api.running import Service

APP = {"slug": "refusals", "name": "Refusals"}


def _flaws(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "request.invalid"
    assert problem["remedy"]
    assert all(flaw["detail"] in problem["detail"] for flaw in problem["errors"])
    return [(flaw["location"], flaw["pointer"], flaw["code"]) for flaw in problem["errors"]]


def test_a_wrong_item_of_a_list_is_refused_and_the_others_are_taken(shared_service: Service) -> None:
    shared_service.partner("POST", "/v1/apps", APP)
    right = {"app": "refusals", "use": "customer", "workspace": "w1"}
    wrong = [{**right, "workspace": "bad ws"}, {**right, "wrkspace": "w"}, 7, {**right, "at": "2026-11-02T09:30:00"}]
    sent = shared_service.service("POST", "/v1/usage", {"items": [right, *wrong, {**right, "workspace": "w2"}]})
    assert sent.status_code == 200
    answers = sent.json()["items"]
    assert [one["status"] for one in answers] == [answers[0]["status"], 422, 422, 422, 422, answers[0]["status"]]
    assert answers[0]["status"] != 422
    assert answers[1]["errors"][0]["pointer"] == "#/items/1/workspace"
    assert "such as workspace-1" in answers[1]["detail"]
    assert answers[2]["errors"][0]["pointer"] == "#/items/2/wrkspace"
    assert all(one["code"] == "request.invalid" and one["remedy"] for one in answers[1:5])


def test_a_wrong_request_of_a_list_is_refused_and_the_others_are_stored(shared_service: Service) -> None:
    shared_service.partner("POST", "/v1/apps", APP)
    right = {"app": "refusals", "trigger": "submit", "idempotency_key": "refusals-1"}
    items = [{**right, "trigger": "sumbit"}, right, {**right, "not_before": 7}, {"app": "refusals"}]
    answers = shared_service.partner("POST", "/v1/transition-requests", items).json()["items"]
    assert [one["status"] for one in answers] == [422, 202, 422, 422]
    assert answers[0]["errors"][0]["pointer"] == "#/0/trigger"
    again = shared_service.partner("POST", "/v1/transition-requests", [right]).json()["items"][0]
    assert (again["id"], again["repeated"]) == (answers[1]["id"], True)
    found = shared_service.partner("GET", "/v1/transition-requests?idempotency_key=refusals-1").json()
    assert (found["id"], found["app"]) == (answers[1]["id"], "refusals")
    others = shared_service.service("GET", "/v1/transition-requests?idempotency_key=refusals-1")
    assert others.status_code == 404
    assert "message" in others.json()["remedy"]
    nothing = shared_service.partner("POST", "/v1/transition-requests", [{}]).json()["items"]
    assert [one["status"] for one in nothing] == [422]


def test_a_value_is_refused_in_words_with_a_pointer(shared_service: Service) -> None:
    answer = shared_service.partner("POST", "/v1/apps", {"slug": "Acme!", "name": ""})
    assert _flaws(answer) == [("body", "#/slug", "pattern"), ("body", "#/name", "too_short")]
    assert "lower-case letters" in answer.json()["detail"]
    assert "^" not in answer.json()["detail"]
    assert _flaws(shared_service.partner("POST", "/v1/apps", [])) == [("body", "#", "type")]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/catalog?category=Analytics&categroy=", ["categroy"]),
        ("/v1/apps?step_failed=true", ["step_failed"]),
        ("/v1/apps?limit=1&Limit=2&after_=x", ["Limit", "after_"]),
        ("/v1/guides?x=1", ["x"]),
        ("/v1/apps?=1", [""]),
        ("/v1/apps?limit=1&limit=2", ["limit"]),
    ],
)
def test_unknown_and_repeated_parameters_are_named(shared_service: Service, path: str, names: list[str]) -> None:
    found = _flaws(shared_service.partner("GET", path))
    assert [(location, pointer) for location, pointer, _ in found] == [("query", f"#/{name}") for name in names]


def test_a_parameter_that_is_out_of_bounds_is_refused_with_its_bound(shared_service: Service) -> None:
    answer = shared_service.partner("GET", "/v1/apps?limit=201")
    assert _flaws(answer) == [("query", "#/limit", "range")]
    assert answer.json()["detail"] == "The parameter limit must be at most 200."
    answer = shared_service.partner("GET", "/v1/transition-requests/none")
    assert _flaws(answer) == [("path", "#/request_id", "type")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/apps/", 404), ("DELETE", "/v1/apps", 405), ("PUT", "/v1/catalog", 405)],
)
def test_a_call_that_there_is_not_is_refused_with_what_to_do(
    shared_service: Service, method: str, path: str, status: int
) -> None:
    answer = shared_service.partner(method, path)
    assert answer.status_code == status
    assert path in answer.json()["detail"]
    assert "/docs" in answer.json()["remedy"]
    if status == 405:
        assert answer.headers["Allow"] in answer.json()["remedy"]
