"""Who was removed, or whose token was revoked, is out: calls under way included, whatever they write."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger, Role
from models.request import RequestSource
from tests.api.access import colleague_in, company_in
from tests.api.matrix import CALLS, Call
from tests.api.running import Service
from tests.api.service import Caller
from tests.api.test_matrix import EVERY_SCOPE
from tests.api.world import World, world_in
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, People, app_building, token_of
from tests.waiting import wait_until
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.principals import find_principal
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests

WRITING = [call for call in CALLS if call.is_audited and call.roles - {Role.SERVICE}]
BY_SERVICES = [
    call
    for call in CALLS
    if call.is_audited and Role.SERVICE in call.roles and call.route != "POST /v1/transition-requests"
]
WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
REMOVE = text("UPDATE person SET removed_at = now(), owner = false WHERE id = :id")
BRING_BACK = text("UPDATE person SET removed_at = NULL, owner = (organization_id IS NOT NULL) WHERE id = :id")
REVOKE = text("UPDATE api_token SET revoked_at = now() WHERE service_id = :id")
ALLOW_AGAIN = text("UPDATE api_token SET revoked_at = NULL WHERE service_id = :id")


@pytest.fixture(scope="module")
def world(shared_service: Service) -> World:
    return world_in(shared_service.engine, shared_service.people)


@pytest.fixture(scope="module")
def superuser(module_database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(module_database.superuser_url)
    yield made
    made.dispose()


@contextmanager
def _under_way(
    url: str, world: World, superuser: Engine, call: Call, actor: Actor, lock: str
) -> Iterator[tuple[Connection, "Future[requests.Response]"]]:
    """Sends a call that would succeed, and yields once it waits for what `lock` holds, on the connection that holds it.

    Whatever the call needs is made before.
    """
    given = call.given(world, actor)
    path = call.template.format(**world.parameters | call.path | given)
    body = call.body_for(world, actor)
    caller = Caller(url, world.token(actor, EVERY_SCOPE))
    with ThreadPoolExecutor(1) as threads, superuser.connect() as held:
        held.execute(text(lock))
        sent = threads.submit(caller, call.method, path + call.query, body, If_Match="*")
        try:
            wait_until(lambda: sent.done() or _is_waiting(superuser), seconds=30, what="a call that waits")
            yield held, sent
        finally:
            held.rollback()


def _is_waiting(superuser: Engine) -> bool:
    with superuser.connect() as connection:
        return bool(connection.execute(WAITING).scalar_one())


@pytest.mark.parametrize("call", WRITING, ids=lambda call: call.route)
def test_a_person_who_is_removed_while_their_call_is_under_way_writes_nothing(
    shared_service: Service, world: World, superuser: Engine, call: Call
) -> None:
    actor = world.actor(min(call.roles - {Role.SERVICE}))
    lock = "LOCK TABLE person IN EXCLUSIVE MODE"
    with _under_way(shared_service.url, world, superuser, call, actor, lock) as (held, sent):
        before = world.noted(actor)
        held.execute(REMOVE, {"id": actor.id})
        held.commit()
        answer = sent.result(30)
    with superuser.begin() as back:
        back.execute(BRING_BACK, {"id": actor.id})
    assert (answer.status_code, answer.json().get("code")) == (401, "token.revoked"), answer.text
    assert world.noted(actor) == before


@pytest.mark.parametrize("call", BY_SERVICES, ids=lambda call: call.route)
def test_a_service_whose_token_is_revoked_while_its_call_is_under_way_writes_nothing(
    shared_service: Service, world: World, superuser: Engine, call: Call
) -> None:
    actor = world.actor(Role.SERVICE)
    lock = "LOCK TABLE app IN EXCLUSIVE MODE"
    with _under_way(shared_service.url, world, superuser, call, actor, lock) as (held, sent):
        before = world.noted(actor)
        held.execute(REVOKE, {"id": actor.id})
        held.commit()
        answer = sent.result(30)
    with superuser.begin() as back:
        back.execute(ALLOW_AGAIN, {"id": actor.id})
    assert (answer.status_code, answer.json().get("code")) == (401, "token.revoked"), answer.text
    assert world.noted(actor) == before


def test_a_colleague_who_is_removed_while_their_edit_waits_for_the_app_has_not_renamed_it(
    shared_service: Service, superuser: Engine
) -> None:
    organization_id, _, owner = company_in(shared_service, "waits")
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@waits.example")
    assert owner("POST", "/v1/apps", {"slug": "waits", "name": "Waits"}).status_code == 201
    with ThreadPoolExecutor(1) as threads, superuser.connect() as held:
        held.execute(text("SELECT FROM app WHERE slug = 'waits' FOR UPDATE"))
        edit = threads.submit(olga, "PATCH", "/v1/apps/waits", {"name": "Hers"}, If_Match="*")
        wait_until(lambda: _is_waiting(superuser), what="the edit that waits for the App")
        removed = owner("DELETE", f"/v1/organizations/{organization_id}/people/{olga_id}")
        assert removed.status_code == 204, "the removal waits for nobody"
        held.rollback()
        assert edit.result(30).status_code == 401
    assert owner("GET", "/v1/apps/waits").json()["name"] == "Waits"


@pytest.mark.parametrize("lock", ["SELECT FROM app FOR UPDATE", "LOCK TABLE transition_request IN EXCLUSIVE MODE"])
def test_of_requests_that_are_stored_together_those_of_the_removed_are_refused(
    engine: Engine, database: TestDatabase, people: People, lock: str
) -> None:
    """As the intake does that gathers the calls of one moment."""
    app_building(engine, people, "acme")
    tokens = [token_of(engine, people.partner), token_of(engine, people.admin)]
    with Session(engine) as session:
        partner, admin = (find_principal(session, token).actor for token in tokens)
    asked = [
        CallerRequest(partner, Wanted("acme", AppTrigger.SUBMIT)),
        CallerRequest(admin, Wanted("acme", AppTrigger.REMOVE, reasons=BECAUSE)),
        CallerRequest(partner, Wanted("acme", AppTrigger.WITHDRAW)),
    ]

    def store() -> list[AcceptedRequest | WorkflowError]:
        with Session(engine) as session, session.begin():
            return accept_requests(session, asked, RequestSource.HTTP)

    superuser = create_engine(database.superuser_url)
    with ThreadPoolExecutor(1) as threads, superuser.connect() as held:
        held.execute(text(lock))
        stored = threads.submit(store)
        wait_until(lambda: _is_waiting(superuser), what="requests that wait")
        with superuser.begin() as removing:
            removing.execute(REMOVE, {"id": partner.id})
        held.rollback()
        answers = stored.result(30)
    superuser.dispose()
    assert [getattr(answer, "code", "accepted") for answer in answers] == ["token.revoked", "accepted", "token.revoked"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT trigger FROM transition_request")).scalars().all() == ["remove"]


def test_whoever_removes_a_person_waits_for_a_call_of_theirs_that_has_been_looked_at(
    engine: Engine, people: People
) -> None:
    token = token_of(engine, people.reviewer)
    with Session(engine) as session, ThreadPoolExecutor(1) as threads:
        log_action(session, find_principal(session, token).actor, "test", "it writes")

        def remove() -> None:
            with engine.begin() as connection:
                connection.execute(REMOVE, {"id": people.reviewer.id})

        removal = threads.submit(remove)
        wait_until(lambda: _is_waiting(engine), what="the removal that waits")
        session.commit()
        removal.result(30)


def test_a_service_s_calls_lock_no_row_of_it(engine: Engine, people: People) -> None:
    token = token_of(engine, people.service)
    with Session(engine) as session:
        log_action(session, find_principal(session, token).actor, "test", "it writes")
        with engine.begin() as connection:
            connection.execute(text("SELECT FROM api_token, service FOR UPDATE NOWAIT"))
