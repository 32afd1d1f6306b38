"""Calls that pages make in process: for whom they are made, what they are refused, and how they are counted."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from starlette.requests import Request

from api.main import create_api
from api.signed_in import Visit
from console.client import ApiClient, ApiRefused, SignInNeeded, together
from runtime.settings import load_settings
from tests.databases import TestDatabase
from tests.journeys import People, now_of, people_in
from tests.workers.processes import environment
from workflow.identity.actors import Actor
from workflow.identity.principals import RECENT
from workflow.identity.sessions import begin_session

BURST = 6
"""Twice the rate that these tests give to reviewers and addresses."""


@pytest.fixture(scope="module")
def people(module_database: TestDatabase) -> People:
    """The people of the module."""
    engine = create_engine(module_database.application_url)
    try:
        return people_in(engine)
    finally:
        engine.dispose()


@pytest.fixture
def in_process(
    module_database: TestDatabase, module_valkey_url: str
) -> Callable[[Callable[[FastAPI], Awaitable[None]]], None]:
    """Runs a function with the API's application in this process."""
    named = environment(module_database.application_url, module_valkey_url)
    settings = load_settings(
        database_url=module_database.application_url,
        redis_url=module_valkey_url,
        history_key=named["DEVCENTER_HISTORY_KEY"],
        secret_keys=named["DEVCENTER_SECRET_KEYS"],
        rate_reviewer=BURST // 2,
        rate_address=BURST // 2,
    )

    def run(work: Callable[[FastAPI], Awaitable[None]]) -> None:
        async def within() -> None:
            app = create_api(settings)
            async with app.router.lifespan_context(app):
                await work(app)

        asyncio.run(within())

    return run


def session_of(database: TestDatabase, actor: Actor, *, began_before: timedelta = timedelta()) -> str:
    """Returns the secret of a new session of the actor, who signed in a while before."""
    engine = create_engine(database.application_url)
    with Session(engine) as session, session.begin():
        begun, secret = begin_session(session, actor.id, now_of(session))
        session.execute(
            text("UPDATE api_token SET authenticated_at = authenticated_at - CAST(:by AS interval) WHERE id = :id"),
            {"by": began_before, "id": begun.id},
        )
    engine.dispose()
    return secret


def scope_from(address: str = "192.0.2.1", **headers: str) -> dict[str, Any]:
    """Returns the scope of a browser's request for a page."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": (address, 1),
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


def request_of(visit: Visit, **headers: str) -> Request:
    """Returns a request for a page after its visitor was looked up."""
    scope = scope_from(**headers)
    scope["state"]["visit"] = visit
    return Request(scope)


InProcess = Callable[[Callable[[FastAPI], Awaitable[None]]], None]


def test_calls_are_made_for_whoever_is_signed_in_and_no_header_of_the_browser_reaches_the_api(
    module_database: TestDatabase, people: People, in_process: InProcess
) -> None:
    secret = session_of(module_database, people.partner)

    async def work(app: FastAPI) -> None:
        visit = await app.state.browsers.visit(scope_from(), secret)
        assert (visit.visitor.id, visit.visitor.name, visit.visitor.role) == (str(people.partner.id), "Pat", "partner")
        api = ApiClient(app)
        bearer = {"authorization": f"Bearer {secret}", "cookie": f"__Host-dc={secret}"}
        mine = await api.get(request_of(visit), "/v1/me")
        assert (mine.content["email"], mine.content["organization"]) == ("pat@acme.example", "Acme")
        assert mine.content["authenticated_at"]
        assert (await api.get(request_of(Visit(), **bearer), "/v1/me")).status == 401
        listed = await api.get(request_of(visit), "/v1/tokens", {"limit": 1, "after": None})
        assert (listed.status, len(listed.content["items"])) == (200, 0)
        wrong = await api.get(request_of(visit), "/v1/tokens", {"limit": "many"})
        assert wrong.status == 422
        with pytest.raises(ValueError, match="authorization"):
            await api.call(request_of(visit), "GET", "/v1/me", headers={"Authorization": f"Bearer {secret}"})

    in_process(work)


def test_a_list_is_read_to_its_end_and_a_refusal_is_raised(
    module_database: TestDatabase, people: People, in_process: InProcess
) -> None:
    secrets = session_of(module_database, people.admin), session_of(module_database, people.partner)

    async def work(app: FastAPI) -> None:
        api = ApiClient(app)
        admin, partner = [request_of(await app.state.browsers.visit(scope_from(), one)) for one in secrets]
        known = (await api.read(admin, "/v1/staff", {"limit": 200}))["items"]
        assert {one["role"] for one in known} == {"reviewer", "admin"}
        assert await api.read_all(admin, "/v1/staff", {"limit": 1}) == known
        reviewers = [one for one in known if one["role"] == "reviewer"]
        assert await api.read_all(admin, "/v1/staff", {"role": "reviewer"}) == reviewers
        with pytest.raises(ApiRefused) as refused:
            await api.read_all(partner, "/v1/staff")
        assert refused.value.answer.status == 403

    in_process(work)


def test_what_is_grave_is_refused_by_the_api_to_whoever_signed_in_too_long_ago(
    module_database: TestDatabase, people: People, in_process: InProcess
) -> None:
    fresh = session_of(module_database, people.admin)
    stale = session_of(module_database, people.admin, began_before=RECENT)
    token = {"person_id": str(people.partner.id), "label": "new"}

    async def work(app: FastAPI) -> None:
        api = ApiClient(app)
        for secret in (fresh, stale):
            visit = await app.state.browsers.visit(scope_from(), secret)
            assert (await api.get(request_of(visit), "/v1/tokens")).is_ok
            if secret == fresh:
                assert (await api.call(request_of(visit), "POST", "/v1/tokens", token)).status == 201
                continue
            with pytest.raises(SignInNeeded):
                await api.call(request_of(visit), "POST", "/v1/tokens", token)
            with pytest.raises(SignInNeeded):
                await api.call(request_of(visit), "DELETE", f"/v1/staff/{people.reviewer.id}")

    in_process(work)


def test_a_session_that_ends_during_a_page_leads_to_signing_in(
    module_database: TestDatabase, people: People, in_process: InProcess
) -> None:
    secret = session_of(module_database, people.reviewer)
    engine = create_engine(module_database.application_url)

    async def work(app: FastAPI) -> None:
        visit = await app.state.browsers.visit(scope_from(), secret)
        with engine.begin() as connection:
            connection.execute(text("UPDATE api_token SET revoked_at = now() WHERE kind = 'session'"))
        with pytest.raises(SignInNeeded):  # what writes looks at the caller again
            await ApiClient(app).call(request_of(visit), "DELETE", f"/v1/sessions/{visit.visitor.session_id}")

    in_process(work)
    engine.dispose()


def test_a_page_is_counted_once_by_its_person_and_an_unknown_session_by_its_address(
    module_database: TestDatabase, people: People, in_process: InProcess
) -> None:
    secret = session_of(module_database, people.reviewer)

    async def work(app: FastAPI) -> None:
        api, browsers = ApiClient(app), app.state.browsers
        visit = await browsers.visit(scope_from("192.0.2.2"), secret)
        answers = [await api.get(request_of(visit), "/v1/me") for _ in range(3 * BURST)]
        assert {one.status for one in answers} == {200}
        visits = [await browsers.visit(scope_from(f"192.0.2.{10 + n}"), secret) for n in range(3 * BURST)]
        assert {one.status for one in visits} == {200, 429}, "its person is counted wherever it comes from"
        limited = next(one for one in visits if one.status == 429)
        assert (limited.visitor, limited.retry_after_s >= 1) == (None, True)
        unknown = [await browsers.visit(scope_from("192.0.2.3"), f"dc_session_{n}") for n in range(3 * BURST)]
        assert {one.status for one in unknown} == {200, 429}
        assert {one.visitor for one in unknown} == {None}

    in_process(work)


def test_calls_that_are_made_together_are_answered_in_order_and_none_outlives_an_error() -> None:
    ended: list[str] = []

    async def first(name: str, over: asyncio.Event, error: Exception | None = None) -> str:
        ended.append(name)
        over.set()
        if error is not None:
            raise error
        return name

    async def after(name: str, over: asyncio.Event) -> str:
        await over.wait()
        ended.append(name)
        return name

    async def run() -> None:
        over = asyncio.Event()
        assert await together(after("slow", over), first("quick", over)) == ("slow", "quick")
        over.clear()
        with pytest.raises(KeyError):
            await together(after("last", over), first("broken", over, KeyError()))

    asyncio.run(run())
    assert ended == ["quick", "slow", "broken", "last"]
