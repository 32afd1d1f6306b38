"""The policy over HTTP: checked part by part, previewed, published by one of two, and then judged by."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.running import Service
from tests.journeys import apps_in_public_beta
from workflow.operating.publishing import problems_with_policy


def _current(service: Service) -> dict[str, Any]:
    answer = service.admin("GET", "/v1/policies/current")
    assert answer.status_code == 200, answer.text
    current: dict[str, Any] = answer.json()
    return current


DOCUMENT = {
    "review_business_days": 2,
    "due_soon_hours": 8,
    "time_zone": "America/Los_Angeles",
    "country": "US",
    "subdivision": None,
    "customers_to_promote": 3,
    "required_checklist": ["app_info"],
    "review_steps": ["end_to_end_check"],
    "observed": ["oauth.enabled"],
}


@pytest.mark.parametrize(
    ("change", "where", "why"),
    [
        ({"surprise": 1}, "surprise", "no such part"),
        ({"customers_to_promote": -1}, "customers_to_promote", "whole number from 0"),
        ({"customers_to_promote": True}, "customers_to_promote", "whole number"),
        ({"review_business_days": 0}, "review_business_days", "from 1"),
        ({"due_soon_hours": "8"}, "due_soon_hours", "whole number"),
        ({"time_zone": "Nowhere/Land"}, "time_zone, country, subdivision", "no time zone"),
        ({"time_zone": None}, "time_zone", "must be a text"),
        ({"country": "XX"}, "time_zone, country, subdivision", "no holiday calendar"),
        ({"required_checklist": ["app_info", "nothing"]}, "required_checklist[1]", "no requirement 'nothing'"),
        ({"required_checklist": ["test_account", "test_account"]}, "required_checklist[1]", "twice"),
        ({"review_steps": ["guess"]}, "review_steps[0]", "no review step 'guess'"),
        ({"review_steps": "all"}, "review_steps", "list of codes"),
        ({"observed": [["x"]]}, "observed[0]", "no rule or review step"),
    ],
)
def test_what_is_wrong_with_a_document_is_named_with_its_place(change: dict[str, Any], where: str, why: str) -> None:
    assert problems_with_policy(DOCUMENT) == []
    (problem,) = problems_with_policy(DOCUMENT | change)
    assert problem.where == where
    assert why in problem.why


def test_everything_wrong_is_named_at_once_and_nothing_is_published(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    wrong = {**DOCUMENT, "observed": ["no.rule"], "customers_to_promote": -1, "x": 1}
    del wrong["country"]
    body = {"base_version": current["version"], "document": wrong, "note": "x"}
    for path, sent in (("/v1/policies", body), ("/v1/policies/preview", {"document": wrong})):
        refused = service.admin("POST", path, sent)
        assert (refused.status_code, refused.json()["code"]) == (422, "policy.invalid")
        assert all(
            part in refused.json()["detail"] for part in ("observed[0]", "customers_to_promote", "x:", "country")
        )
    assert _current(service) == current


def test_a_preview_tells_what_publishing_then_does(shared_service: Service) -> None:
    service = shared_service
    apps_in_public_beta(service.engine, service.people, ["one", "two"])
    for slug, customers in (("one", 1), ("two", 2)):
        items = [{"app": slug, "use": "customer", "workspace": f"w{number}"} for number in range(customers)]
        items.append({"app": slug, "use": "oauth_install", "workspace": "w0"})
        assert service.service("POST", "/v1/usage", {"items": items}).status_code == 200
    current = _current(service)
    wanted = {**current["document"], "customers_to_promote": 2, "review_steps": ["end_to_end_check"]}
    seen = service.admin("POST", "/v1/policies/preview", {"document": wanted}).json()
    assert seen["parts"] == [{"part": "customers_to_promote", "before": 3, "after": 2}]
    dropped = sorted(set(current["document"]["review_steps"]) - {"end_to_end_check"})
    assert seen["codes"] == [{"part": "review_steps", "added": [], "dropped": dropped}]
    assert (seen["become_eligible"], seen["no_longer_eligible"]["count"]) == ({"count": 1, "apps": ["two"]}, 0)
    assert (seen["complete"], seen["base_version"]) == (True, current["version"])

    body = {"base_version": current["version"], "document": wanted, "note": "Two are enough."}
    published = service.admin("POST", "/v1/policies", body)
    assert (published.status_code, published.json()["version"]) == (201, current["version"] + 1)
    assert _current(service) == published.json()
    assert service.admin("GET", f"/v1/policies/{current['version']}").json() == current
    listed = [one["version"] for one in service.admin("GET", "/v1/policies").json()["items"]]
    assert listed == sorted(listed, reverse=True)
    undone = service.admin("POST", "/v1/policies/preview", {"document": current["document"]}).json()
    assert undone["no_longer_eligible"] == {"count": 1, "apps": ["two"]}
    triggers = service.partner("GET", "/v1/apps/two/triggers").json()["triggers"]
    promote = next(one for one in triggers if one["trigger"] == "promote")
    assert "customers.onboarded" not in [rule["code"] for rule in promote["unmet"]]


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    body = {"base_version": current["version"], "document": current["document"], "note": "Race."}
    with ThreadPoolExecutor(6) as publishers:
        asked = [publishers.submit(service.admin, "POST", "/v1/policies", body) for _ in range(6)]
        answers = [one.result(60) for one in asked]
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"policy.superseded"}
    assert _current(service)["version"] == current["version"] + 1
