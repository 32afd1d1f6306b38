"""Whose turn it is with each App of a company: as each App's own status says."""

from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.answers import ok
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in
from tests.journeys import ask, people_in, token_of


def test_the_list_says_of_every_app_what_its_status_says(service: Service) -> None:
    app_in(service.engine, service.people, "turn-building", AppState.BUILDING)
    app_in(service.engine, service.people, "turn-submitted", AppState.SUBMITTED)
    app_in(service.engine, service.people, "turn-revised", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    app_in(service.engine, service.people, "turn-looked-at", AppState.PUBLIC_BETA, ReviewKind.HEALTH)
    app_in(service.engine, service.people, "turn-suspended", AppState.SUSPENDED)
    app_in(service.engine, service.people, "turn-public", AppState.PUBLIC)
    app_in(service.engine, service.people, "turn-asked", AppState.SUBMITTED)
    ask(service.engine, service.people.partner, "turn-asked", AppTrigger.WITHDRAW)  # and nobody has judged it yet
    (review,) = ok(service.reviewer("GET", "/v1/reviews?app=turn-submitted"))["items"]
    ok(service.reviewer("POST", f"/v1/reviews/{review['id']}/messages", {"text": "Which plan?"}), 201)
    listed = ok(service.partner("GET", "/v1/turns"))["items"]
    assert [one["app"] for one in listed] == sorted(one["app"] for one in listed)
    assert len(listed) == 7
    for one in listed:
        status = ok(service.partner("GET", f"/v1/apps/{one['app']}/status"))
        assert (one["name"], one["state"], one["turn"]) == (status["name"], status["state"], status["turn"])
        is_open = status["review"] is not None and status["review"]["closed_at"] is None
        assert (one["review"], one["due_at"]) == (
            (status["review"]["kind"], status["review"]["due_at"]) if is_open else (None, None)
        )
        assert one["unread"] == (1 if one["app"] == "turn-submitted" else 0)
    assert {one["turn"] for one in listed} == {"partner", "reviewer", "schedule", "nobody"}


def test_a_company_lists_its_own_apps_page_by_page(service: Service) -> None:
    for slug in ("turn-one", "turn-two"):
        app_in(service.engine, service.people, slug, AppState.BUILDING)
    first = ok(service.partner("GET", "/v1/turns?limit=1"))
    second = ok(service.partner("GET", f"/v1/turns?limit=1&after={first['next']}"))
    assert [one["app"] for one in (*first["items"], *second["items"])] == ["turn-one", "turn-two"]
    assert second["next"] is None
    stranger = Caller(service.url, token_of(service.engine, people_in(service.engine, "Others").partner))
    assert ok(stranger("GET", "/v1/turns"))["items"] == []
