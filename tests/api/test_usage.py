"""Usage reports over HTTP, and the list that explains the counter of customers."""

from tests.api.running import Service
from tests.journeys import app_building, apps_in_public_beta


def test_each_of_many_reports_is_accepted_or_refused_on_its_own(shared_service: Service) -> None:
    service = shared_service
    apps_in_public_beta(service.engine, service.people, ["acme"])
    items = [
        {"app": "acme", "use": "customer", "workspace": "w1", "at": "2026-01-02T03:04:00Z"},
        {"app": "acme", "use": "customer", "workspace": "w1"},
        {"app": "nobody", "use": "customer", "workspace": "w1"},
        {"app": "acme", "use": "customer", "workspace": "w2", "at": "2900-01-01T00:00:00Z"},
        {"app": "acme", "use": "oauth_install", "workspace": "w1"},
    ]
    for changed in (True, False):
        answers = service.service("POST", "/v1/usage", {"items": items}).json()["items"]
        assert [(one["status"], one["code"]) for one in answers] == [
            (200, None),
            (200, None),
            (404, "app.not_found"),
            (422, "usage.future"),
            (200, None),
        ]
        assert [one["changed"] for one in answers] == [changed, False, False, False, changed]
    assert service.service("POST", "/v1/usage", {"items": []}).status_code == 422
    assert service.service("POST", "/v1/usage", {"items": items[:1] * 1001}).status_code == 422
    assert service.partner("POST", "/v1/usage", {"items": items}).status_code == 403


def test_the_list_of_customers_says_which_workspaces_count_and_why_others_do_not(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "counted")
    items = [
        {"app": "counted", "use": "customer", "workspace": f"w{number}", "at": "2026-01-02T03:04:00Z"}
        for number in range(3)
    ]
    gone = {"enabled": False, "at": "2026-02-03T04:05:00Z"}
    service.service("POST", "/v1/usage", {"items": [*items, items[1] | gone]})
    seen = service.partner("GET", "/v1/apps/counted/customers?limit=2").json()
    assert (seen["onboarded_customers"], seen["customers_to_promote"], seen["oauth_installed"]) == (2, 3, False)
    assert [(one["workspace"], one["counts"], one["why"]) for one in seen["items"]] == [
        ("w0", True, "Enabled since 2026-01-02 03:04 UTC."),
        ("w1", False, "Enabled at 2026-01-02 03:04 UTC, withdrawn at 2026-02-03 04:05 UTC."),
    ]
    rest = service.partner("GET", f"/v1/apps/counted/customers?after={seen['next']}").json()
    assert ([one["workspace"] for one in rest["items"]], rest["next"]) == (["w2"], None)
    counting = service.partner("GET", "/v1/apps/counted/customers?counts=false").json()["items"]
    assert [one["workspace"] for one in counting] == ["w1"]
    assert service.partner("GET", "/v1/apps/counted/oauth-installs").json()["items"] == []
