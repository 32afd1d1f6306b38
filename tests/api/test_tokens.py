"""Tokens over HTTP: their scopes, secrets that are shown once, revocation, and their last use."""

from uuid import uuid4

import requests
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.auth import Access
from api.main import ROUTERS
from models.lifecycle import Role
from models.token import Scope
from tests.api.running import Service
from tests.api.service import Caller
from tests.waiting import wait_until
from workflow.identity.tokens import SCOPES_OF


def _made(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


_LATER = text("UPDATE idempotency_key SET created_at = created_at - interval '11 minutes' WHERE key = :key")


def _accesses(dependant: Dependant) -> list[Access]:
    inner = [access for one in dependant.dependencies for access in _accesses(one)]
    return inner + ([dependant.call] if isinstance(dependant.call, Access) else [])


def test_every_scope_that_a_route_requires_of_a_role_can_be_granted_to_it() -> None:
    wanted = {
        (role, access.scope_of(role))
        for room in ROUTERS
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for access in _accesses(route.dependant)
        for role in access.roles
    }
    assert wanted
    assert {(role, scope) for role, scope in wanted if scope not in SCOPES_OF[role]} == set()
    assert set(SCOPES_OF) == set(Role) - {Role.SCHEDULE}


def test_a_token_is_narrowed_by_its_scopes_and_never_goes_beyond_its_role(shared_service: Service) -> None:
    service = shared_service
    beyond = {"service": "narrow", "label": "x", "scopes": ["reviews:decide", "usage:report"]}
    refused = service.admin("POST", "/v1/tokens", beyond)
    assert (refused.status_code, refused.json()["code"]) == (422, "token.scope_beyond_role")
    assert "reviews:decide" in refused.json()["detail"]

    made = _made(service.admin("POST", "/v1/tokens", {"service": "narrow", "label": "x", "scopes": ["apps:read"]}))
    holder = Caller(service.url, made["token"])
    assert holder("GET", "/v1/apps").status_code == 200
    ask = holder("POST", "/v1/transition-requests", {"app": "acme", "trigger": "promote"})
    assert (ask.status_code, ask.json()["code"]) == (403, "scope.missing")

    assert service.admin("DELETE", f"/v1/tokens/{made['id']}").status_code == 204
    gone = holder("GET", "/v1/apps")
    assert (gone.status_code, gone.json()["code"]) == (401, "token.revoked")
    listed = service.admin("GET", f"/v1/tokens?service_id={made['service_id']}").json()["items"]
    assert [(one["id"], one["state"], one["scopes"]) for one in listed] == [(made["id"], "revoked", ["apps:read"])]


def test_the_secret_of_a_token_is_shown_again_for_minutes_and_stored_nowhere_in_the_clear(
    shared_service: Service,
) -> None:
    service = shared_service
    body = {"person_id": str(service.people.partner.id), "label": "once"}
    first = service.admin("POST", "/v1/tokens", body, Idempotency_Key="token-once")
    again = service.admin("POST", "/v1/tokens", body, Idempotency_Key="token-once")
    assert first.headers["Cache-Control"] == "no-store"
    assert _made(first)["token"].startswith("dc_partner_")
    assert _made(again) == _made(first)
    with Session(service.engine) as session, session.begin():
        kept = str(session.execute(text("SELECT answer FROM idempotency_key WHERE key = 'token-once'")).scalar_one())
        session.execute(_LATER, {"key": "token-once"})
    assert _made(first)["token"] not in kept
    late = service.admin("POST", "/v1/tokens", body, Idempotency_Key="token-once")
    assert _made(late) == _made(first) | {"token": None}


def test_a_token_needs_exactly_one_holder_who_exists(shared_service: Service) -> None:
    service = shared_service
    person = str(service.people.partner.id)
    for holder in ({}, {"person_id": person, "service": "both"}):
        assert service.admin("POST", "/v1/tokens", {"label": "x", **holder}).status_code == 422
    nobody = service.admin("POST", "/v1/tokens", {"label": "x", "person_id": str(uuid4())})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person.not_found")


def test_the_last_use_of_a_token_is_written_soon_and_once_a_minute(shared_service: Service) -> None:
    service = shared_service
    made = _made(service.admin("POST", "/v1/tokens", {"service": "used", "label": "x"}))
    holder = Caller(service.url, made["token"])

    def last_use() -> str | None:
        items = service.admin("GET", f"/v1/tokens?service_id={made['service_id']}").json()["items"]
        used: str | None = items[0]["last_used_at"]
        return used

    assert last_use() is None
    assert holder("GET", "/v1/apps").status_code == 200
    used = wait_until(last_use, seconds=20, what="the last use")
    assert holder("GET", "/v1/apps").status_code == 200
    assert last_use() == used


def test_only_admins_may_have_the_scope_admin() -> None:
    assert Scope.ADMIN in SCOPES_OF[Role.ADMIN]
    assert all(Scope.ADMIN not in SCOPES_OF[role] for role in (Role.PARTNER, Role.REVIEWER, Role.SERVICE))


def test_tokens_say_whose_they_are_and_are_listed_by_their_state(shared_service: Service) -> None:
    service = shared_service
    made = {
        state: _made(
            service.admin("POST", "/v1/tokens", {"service": "stated", "label": state, "scopes": ["apps:read"]})
        )
        for state in ("valid", "expired", "revoked")
    }
    assert {one["holder"] for one in made.values()} == {"stated"}
    assert service.admin("DELETE", f"/v1/tokens/{made['revoked']['id']}").status_code == 204
    with Session(service.engine) as session, session.begin():
        ended = "UPDATE api_token SET expires_at = created_at + interval '1 microsecond' WHERE id = :id"
        session.execute(text(ended), {"id": made["expired"]["id"]})
    of_service = f"service_id={made['valid']['service_id']}"
    for state, one in made.items():
        listed = service.admin("GET", f"/v1/tokens?{of_service}&state={state}").json()["items"]
        assert [(found["id"], found["state"], found["holder"]) for found in listed] == [(one["id"], state, "stated")]
        read = service.admin("GET", f"/v1/tokens/{one['id']}")
        assert (read.status_code, read.json()["state"], "token" in read.json()) == (200, state, False)
    assert service.admin("GET", f"/v1/tokens/{uuid4()}").json()["code"] == "token.not_found"
    assert service.partner("GET", f"/v1/tokens/{made['valid']['id']}").status_code == 404


def test_a_reviewer_makes_tokens_for_themself_alone_that_can_do_no_more_than_their_own(shared_service: Service) -> None:
    service = shared_service
    wide = _made(service.reviewer("POST", "/v1/tokens", {"label": "wide", "expires_in_days": 365}))
    narrow = _made(
        service.reviewer("POST", "/v1/tokens", {"label": "narrow", "scopes": ["reviews:decide", "reviews:read"]})
    )
    holder = Caller(service.url, narrow["token"])
    beyond = holder("POST", "/v1/tokens", {"label": "x", "scopes": ["access:decide"]})
    assert (beyond.status_code, beyond.json()["code"]) == (422, "token.scope_beyond_own")
    like_it = holder("POST", "/v1/tokens", {"label": "like it"})
    assert (like_it.status_code, like_it.json()["scopes"]) == (201, ["reviews:decide", "reviews:read"])
    for body, code in (
        ({"label": "x", "person_id": str(service.people.admin.id)}, "token.not_own"),
        ({"label": "x", "service": "narrow"}, "token.not_own"),
        ({"label": "x", "expires_in_days": 366}, "token.too_long"),
    ):
        assert service.reviewer("POST", "/v1/tokens", body).json()["code"] == code
    of_admin = _made(service.admin("POST", "/v1/tokens", {"person_id": str(service.people.admin.id), "label": "y"}))
    listed = service.reviewer("GET", f"/v1/tokens?person_id={service.people.admin.id}").json()["items"]
    assert {one["person_id"] for one in listed} == {str(service.people.reviewer.id)}
    for method in ("GET", "DELETE"):
        assert service.reviewer(method, f"/v1/tokens/{of_admin['id']}").status_code == 404
    assert service.reviewer("DELETE", f"/v1/tokens/{wide['id']}").status_code == 204
    assert Caller(service.url, wide["token"])("GET", "/v1/me").status_code == 401
