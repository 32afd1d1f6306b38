"""Runs of a subscription's tests by the service, against an endpoint over real sockets: colours, findings, order."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import ComponentTestResult
from models.component_test import RunScope
from tests.guarded_http.hostile_server import Behaviour, answer, drips, floods, page, redirect, sends, silent
from tests.guarded_http.test_fetching import tls
from tests.journeys import People, now_of
from tests.workers.endpoints import KEY, Answering, Endpoint, Received, but, good, says
from tests.workers.leased import work_off
from tests.workers.suites import ALL_TYPES, JOURNEY, OBSERVED, SUITE, Subscription, subscription
from workers.actors.component_tests import COMPONENT_TESTS, run_component_test
from workers.context import WorkerContext
from workflow.building.components import components_of
from workflow.component_tests.requests import EnteredValues
from workflow.component_tests.starting import EnteredOnce, RunWithResults
from workflow.lifecycle.loading import load_facts
from workflow.operating.pruning import pruning_steps
from workflow.policy.document import load_policies

OK = b"HTTP/1.1 200 OK\r\n"
HTML = page(b"<h1>Oops</h1>", "Content-Type: text/html", status="500 Oops")


@pytest.fixture
def people(builders: People) -> People:
    """The people of a company that builds the App `acme`."""
    return builders


@contextmanager
def _endpoint(
    context: WorkerContext, people: People, answering: Answering, *types: str, secured_by: str | None = None
) -> Iterator[tuple[Endpoint, Subscription]]:
    with Endpoint(answering, tls=tls(secured_by) if secured_by else None).running() as server:
        url = server.url("/hook", host="partner.example" if secured_by else "127.0.0.1")
        yield server, subscription(context, people, url, event_types=list(types or ALL_TYPES))


def _colours(found: RunWithResults) -> dict[str, str]:
    return {one.code: one.colour for one in found.results}


def _findings(found: RunWithResults) -> dict[str, list[str]]:
    return {one.code: [finding["code"] for finding in one.findings] for one in found.results if one.findings}


def _colour_of_component(context: WorkerContext, component_id: UUID) -> str | None:
    """Returns the colour of the Component, on which the list of Components and the rules agree."""
    with Session(context.engine) as session:
        app_id = session.execute(text("SELECT app_id FROM component WHERE id = :id"), {"id": component_id}).scalar_one()
        colours = {one.name: colour for one, colour in components_of(session, [app_id])[app_id]}
        facts = load_facts(session, [app_id], load_policies(session))[app_id].facts
        assert {one.name: one.colour for one in facts.components} == colours
        return colours["Hook"]


def test_a_good_endpoint_gets_the_whole_journey_in_order_and_is_green(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, good) as (server, hook):
        assert _colour_of_component(context, hook.id) is None
        found = hook.run()
    assert tuple(one.code for one in found.results) == SUITE
    assert (found.run.status, found.run.colour, found.run.suite_version) == ("done", "green", 1)
    assert set(_colours(found).values()) == {"green"}
    assert _findings(found) == {}
    assert [one["event"] for one in found.run.results] == [
        "page", "page", "identify", "track", "group", "track", "track", "screen", "alias", "delete",
    ]  # fmt: skip
    assert len(server.received) == len(SUITE)
    assert _colour_of_component(context, hook.id) == "green"


def test_what_is_sent_is_as_documented_and_shown_without_the_key(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, good) as (server, hook):
        found = hook.run()
    first, last = server.received[0], server.received[-1]
    assert list(first.headers) == [
        "host", "accept", "authorization", "cache-control", "connection", "content-type", "x-segment-settings",
        "user-agent", "content-length",
    ]  # fmt: skip
    assert first.headers["authorization"] == f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"
    assert json.loads(base64.b64decode(first.headers["x-segment-settings"])) == {}
    assert last.message is not None
    assert (last.message["context"], last.message["integrations"]) == ([], [])
    assert last.message["messageId"].startswith("delete-")
    assert {"anonymousId", "version"}.isdisjoint(last.message)
    shown = json.dumps([{"headers": one.headers, "findings": one.findings} for one in found.results])
    assert KEY not in shown
    assert base64.b64encode(f"{KEY}:".encode()).decode() not in shown
    assert [json.loads(one.body or "") for one in found.results if one.code in JOURNEY] == [
        one.message for one in server.received[: len(JOURNEY)]
    ]


def test_only_declared_event_types_are_sent(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, good, "track", "delete") as (server, hook):
        found = hook.run()
    assert {one.type for one in server.received if one.message} == {"track", "delete"}
    assert [one.code for one in found.results] == [
        "track_signed_up", "track_enabled", "track_invited", *OBSERVED, "delete",
    ]  # fmt: skip


def test_a_component_that_only_deletes_is_observed_in_nothing(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, good, "delete") as (_, hook):
        found = hook.run()
    assert [one.code for one in found.results] == ["delete"]


TRACKS = ("track_signed_up", "track_enabled", "track_invited")


@pytest.mark.parametrize(
    ("behaviour", "colour", "code", "status"),
    [
        pytest.param(says("202 Accepted"), "green", None, 202, id="202"),
        pytest.param(says("501 Not Implemented", "No."), "yellow", "answer.unsupported", 501, id="501"),
        pytest.param(says("400 Bad", "No."), "red", "answer.malformed", 400, id="400"),
        pytest.param(says("401 Unauthorized", "No."), "red", "answer.key", 401, id="401"),
        pytest.param(says("403 Forbidden", "No."), "red", "answer.permission", 403, id="403"),
        pytest.param(says("404 Not Found", "No."), "red", "answer.status", 404, id="404"),
        pytest.param(says("500 Oops", "No."), "red", "answer.error", 500, id="500"),
        pytest.param(says("503 Down", "No."), "red", "answer.down", 503, id="503"),
        pytest.param(page(b"", status="204 No Content"), "red", "answer.status", 204, id="204"),
        pytest.param(redirect("https://acme.example/login"), "red", "answer.redirect", 302, id="redirect"),
        pytest.param(HTML, "red", "answer.error", 500, id="HTML error"),
        pytest.param(page(b"<h1>Fine</h1>", "Content-Type: text/html"), "green", None, 200, id="HTML"),
        pytest.param(page(b"oops", "Content-Type: application/json"), "green", "answer.not_json", 200, id="no JSON"),
        pytest.param(silent, "red", "endpoint.time.exceeded", None, id="hangs"),
        pytest.param(drips(b"", b"H"), "red", "endpoint.time.exceeded", None, id="drips"),
        pytest.param(drips(OK + b"\r\n", b"x"), "green", None, 200, id="a body that drips"),
        pytest.param(
            drips(OK + b"Content-Type: application/json\r\n\r\n", b"1"),
            "red",
            "answer.body.time.exceeded",
            200,
            id="JSON that drips",
        ),
        pytest.param(floods(OK + b"\r\n", bytes(65536)), "green", None, 200, id="huge"),
        pytest.param(floods(OK, b"X: y\r\n"), "red", "endpoint.headers.too_large", None, id="huge headers"),
        pytest.param(sends(b""), "red", "endpoint.connection.failed", None, id="closes early"),
        pytest.param(answer("Content-Length: 9", body=b"x"), "green", None, 200, id="closes in the body"),
        pytest.param(sends(b"hello\r\n"), "red", "endpoint.response.malformed", None, id="HTTP/0.9"),
        pytest.param(sends(b"\x15\x03\x01"), "red", "endpoint.response.malformed", None, id="TLS"),
        pytest.param(page(b"\x00\xff\xed\xa0\x80"), "green", None, 200, id="no text"),
        pytest.param(page(b"[" * 4000, "Content-Type: application/json"), "green", "answer.not_json", 200, id="nested"),
    ],
)
def test_every_answer_has_its_colour_and_a_finding_that_says_what_to_do(
    context: WorkerContext, people: People, behaviour: Behaviour, colour: str, code: str | None, status: int | None
) -> None:
    with _endpoint(context, people, but(behaviour, "track"), "track", "delete") as (_, hook):
        found = hook.run(RunScope.EVENT, event="track")
    assert {one.code: (one.colour, one.status) for one in found.results} == dict.fromkeys(TRACKS, (colour, status))
    assert found.run.colour == colour
    for one in found.results:
        codes = [finding["code"] for finding in one.findings]
        assert codes[:1] == ([] if code is None else [code])
        for finding in one.findings:
            assert finding["detail"].count("Right would be") == 1
            assert "curl -i -X POST http://127.0.0.1" in finding["remedy"]
            assert '-u "$API_KEY:"' in finding["remedy"]


@pytest.mark.parametrize("certificate", ["expired", "self_signed", "other_host"])
def test_a_bad_certificate_is_red_and_named(context: WorkerContext, people: People, certificate: str) -> None:
    with _endpoint(context, people, good, secured_by=certificate) as (server, hook):
        found = hook.run(RunScope.EVENT, event="delete")
    assert _findings(found) == {"delete": ["endpoint.tls.invalid"]}
    assert (found.run.colour, server.received) == ("red", [])


def test_a_delete_that_is_not_supported_is_red(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, but(says("501 Not Implemented", "No."), "delete")) as (_, hook):
        found = hook.run()
    assert _findings(found) == {"delete": ["delete.unsupported"]}
    assert (found.run.colour, _colour_of_component(context, hook.id)) == ("red", "red")


@pytest.mark.parametrize(
    ("case", "behaviour", "when", "code"),
    [
        ("wrong_key", says("200 OK"), lambda got: got.key != KEY, "wrong_key.accepted"),
        ("wrong_key", says("500 Oops"), lambda got: got.key != KEY, "wrong_key.status"),
        ("malformed", says("200 OK"), lambda got: got.message is None, "malformed.accepted"),
        ("malformed", says("500 Oops"), lambda got: got.message is None, "malformed.status"),
        ("other_order", silent, lambda got: _at(got) < "2026-", "other_order.failed"),
        ("other_casing", says("500 Oops"), lambda got: "Email" in _properties(got), "other_casing.failed"),
        ("nulls", says("502 Oops"), lambda got: None in _properties(got).values(), "nulls.failed"),
    ],
)
def test_what_is_beyond_the_happy_way_is_shown_and_makes_nothing_red(
    context: WorkerContext, people: People, case: str, behaviour: Behaviour, when: Any, code: str
) -> None:
    with _endpoint(context, people, but(behaviour, when=when)) as (_, hook):
        run_id = hook.start()
        with Session(context.engine) as session, session.begin():
            session.execute(text("UPDATE component_test SET requested_at = '2026-01-01 00:30Z' WHERE status = 'due'"))
        work_off(hook.context, COMPONENT_TESTS)
        found = hook.read(run_id)
    assert _findings(found) == {case: [code]}
    assert (found.run.colour, _colours(found)[case]) == ("green", "yellow")


def test_a_message_that_comes_twice_must_not_fail(context: WorkerContext, people: People) -> None:
    known: set[str] = set()

    def answering(got: Received) -> Behaviour:
        message_id = str((got.message or {}).get("messageId"))
        came_before = message_id in known
        known.add(message_id)
        return says("500 Oops", "Seen before.") if came_before else good(got)

    with _endpoint(context, people, answering) as (_, hook):
        assert _findings(hook.run()) == {"duplicate": ["duplicate.failed"]}


def test_an_endpoint_that_answers_nothing_is_not_asked_what_it_observes(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, lambda _got: sends(b""), "track", "delete") as (server, hook):
        found = hook.run()
    assert [one.code for one in found.results] == [*TRACKS, "delete"]
    assert (found.run.colour, len(server.received)) == ("red", 4)


def test_an_answer_that_repeats_the_key_is_shown_without_it(context: WorkerContext, people: People) -> None:
    def echo(got: Received) -> Behaviour:
        return says("500 Oops", f"Refused {got.key} in {got.headers['authorization']}.")

    with _endpoint(context, people, echo) as (_, hook):
        found = hook.run(RunScope.EVENT, event="delete")
    (one,) = found.results
    assert one.message == "Refused (the test key) in Basic (the test key)."
    assert KEY not in str(one.answer)


def test_a_try_out_sends_the_partners_own_message_and_tests_nothing(context: WorkerContext, people: People) -> None:
    own = {"type": "track", "event": "Ünïcode \U0001f600", "properties": {"a": [1, {"b": None}]}}
    with _endpoint(context, people, good) as (server, hook):
        found = hook.run(RunScope.TRY_OUT, message=own)
    assert [one.message for one in server.received] == [own]
    assert (found.run.colour, _colour_of_component(context, hook.id)) == ("green", None)


def test_a_try_out_sends_what_was_entered_for_it_alone_and_keeps_it_no_longer(
    context: WorkerContext, people: People
) -> None:
    own = {"type": "track", "event": "Tried"}
    entered = EnteredOnce(EnteredValues("a-key-for-once", {}), context.seal)
    with _endpoint(context, people, lambda got: says("200 OK", f"{got.key}")) as (server, hook):
        run_id = hook.start(RunScope.TRY_OUT, message=own, entered=entered)
        with Session(context.engine) as session, session.begin():
            session.execute(text("DELETE FROM component_test_settings"))
        work_off(hook.context, COMPONENT_TESTS)
        found = hook.read(run_id)
    assert [one.key for one in server.received] == ["a-key-for-once"]
    assert (found.run.status, found.run.wanted) == ("done", {"message": own})
    assert "(the test key)" in str(found.results[0].answer)


def test_what_was_entered_for_a_run_that_is_void_or_dead_is_deleted_and_nothing_is_sent_in_its_place(
    context: WorkerContext, people: People
) -> None:
    own = {"type": "track", "event": "Tried"}
    entered = EnteredOnce(EnteredValues("a-key-for-once", {}), context.seal)
    with _endpoint(context, people, good) as (server, hook):
        run_id = hook.start(RunScope.TRY_OUT, message=own, entered=entered)
        with Session(context.engine) as session, session.begin():
            run = {"id": run_id}
            session.execute(
                text("UPDATE component_test SET status = 'dead', last_error = 'It broke.' WHERE id = :id"), run
            )
            session.execute(
                text("UPDATE component_test SET requested_at = now() - interval '8 days' WHERE id = :id"), run
            )
            for step in pruning_steps(now_of(session)):
                step(session, 100)
            session.execute(text("UPDATE component_test SET status = 'due', last_error = NULL WHERE id = :id"), run)
        work_off(hook.context, COMPONENT_TESTS)
        found = hook.read(run_id)
    assert (found.run.status, found.run.wanted, server.received) == ("void", {"message": own}, [])


def test_results_that_were_reported_do_not_make_a_component_tested(context: WorkerContext, people: People) -> None:
    with _endpoint(context, people, good) as (_, hook):
        hook.run()
    with Session(context.engine) as session, session.begin():
        session.execute(text("UPDATE component_test SET source = 'reported' WHERE source = 'service'"))
    assert _colour_of_component(context, hook.id) is None


def test_the_latest_suite_counts_whatever_else_was_run(context: WorkerContext, people: People) -> None:
    answering: list[Answering] = [good]
    with _endpoint(context, people, lambda got: answering[-1](got)) as (_, hook):
        hook.run()
        answering.append(lambda _got: sends(b""))
        assert hook.run(RunScope.EVENT, event="delete").run.colour == "red"
        assert _colour_of_component(context, hook.id) == "green"
        assert hook.run().run.colour == "red"
        assert _colour_of_component(context, hook.id) == "red"


class _Killed(BaseException):
    """Stands for a process that ends at once: nothing catches it."""


@pytest.mark.parametrize("point", ["case_taken", "case_recorded"])
@pytest.mark.parametrize("after", [1, 5, len(SUITE)])
def test_a_run_that_is_killed_anywhere_goes_on_with_the_next_case(
    context: WorkerContext, people: People, point: str, after: int
) -> None:
    passed = iter(range(1, 1000))

    def reached(name: str) -> None:
        if name == point and next(passed) == after:
            raise _Killed

    with _endpoint(context, people, good) as (server, hook):
        run_id = hook.start()
        with pytest.raises(_Killed):
            work_off(replace(hook.context, reached=reached), COMPONENT_TESTS)
        _end_lease(context)
        assert len(hook.read(run_id).results) == (after if point == "case_recorded" else after - 1)
        work_off(hook.context, COMPONENT_TESTS)  # its process died: the row rests
        _end_lease(context)
        work_off(hook.context, COMPONENT_TESTS)
        found = hook.read(run_id)
    assert tuple(one.code for one in found.results) == SUITE
    assert (found.run.status, found.run.colour) == ("done", "green")
    bodies = [one.body for one in server.received]
    repeated = 1 if point == "case_taken" else 0
    assert len(bodies) == len(SUITE) + repeated
    if repeated:
        assert bodies[after - 1] == bodies[after]


def test_a_run_that_is_longer_than_an_attempt_goes_on_in_the_next(context: WorkerContext, people: People) -> None:
    ticks = count(step=16)  # an attempt has room for three cases that may take ten seconds, one after another
    work = replace(COMPONENT_TESTS, run=partial(run_component_test, steady=lambda: float(next(ticks))))
    with _endpoint(context, people, good) as (server, hook):
        run_id = hook.start()
        assert work_off(hook.context, work) > 3
        found = hook.read(run_id)
    assert (tuple(one.code for one in found.results), len(server.received)) == (SUITE, len(SUITE))
    assert (found.run.status, found.run.attempts) == ("done", 1)


def test_an_edit_during_a_run_leaves_the_component_untested(context: WorkerContext, people: People) -> None:
    hooks: list[Subscription] = []

    def answering(got: Received) -> Behaviour:
        if got.type == "group":
            hooks[0].change({"event_types": ["delete"]})
        return good(got)

    with _endpoint(context, people, answering) as (_, hook):
        hooks.append(hook)
        found = hook.run()
    assert (found.run.colour, found.run.component_revision) == ("green", 1)
    assert tuple(one.code for one in found.results) == SUITE
    assert _colour_of_component(context, hook.id) is None


def test_a_run_whose_component_was_removed_or_whose_key_is_gone_is_void(context: WorkerContext, people: People) -> None:
    ways = {
        "UPDATE component SET removed_at = now() WHERE name = 'Hook'": "The Component was removed.",
        "DELETE FROM component_test_settings": "The test settings ended or were deleted during the run.",
        "UPDATE component_test_settings SET ends_at = now()": "The test settings ended or were deleted during the run.",
    }
    for way, why in ways.items():
        with _endpoint(context, people, good) as (server, hook):
            hook.start()
            with Session(context.engine) as session, session.begin():
                session.execute(text(way))
            work_off(hook.context, COMPONENT_TESTS)
        with Session(context.engine) as session:
            found = session.execute(
                text("SELECT status, last_error FROM component_test ORDER BY position DESC")
            ).first()
            assert found is not None
            assert tuple(found) == ("void", why)
            assert (session.query(ComponentTestResult).count(), server.received) == (0, [])


def _end_lease(context: WorkerContext) -> None:
    """Lets the leases of runs end, and what rests be due."""
    ended = """
        UPDATE component_test SET due_at = now() - interval '1 hour',
               leased_until = CASE WHEN leased_until > now() THEN now() - interval '1 second' END
         WHERE status = 'due'
    """
    with Session(context.engine) as session, session.begin():
        session.execute(text(ended))


def _at(got: Received) -> str:
    return str((got.message or {}).get("timestamp", "9"))


def _properties(got: Received) -> dict[str, Any]:
    return dict((got.message or {}).get("properties") or {})
