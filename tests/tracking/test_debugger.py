"""The debugger of a stream, over the API: what came, what is wrong with it, what is missing, and news of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from models import Component
from tests.api.running import Service, service_on
from tests.databases import TestDatabase
from tests.journeys import now_of
from tests.launch import WEBHOOK
from tests.tracking.sandbox import UNLIMITED, Sandbox, SendingStream, tracking_running
from tests.waiting import wait_until
from workflow.operating.pruning import pruning_steps
from workflow.sandbox.reading import EventFilter, EventPage, list_events
from workflow.sandbox.storing import RING


@dataclass(frozen=True, slots=True)
class Both:
    """The API and the sandbox on one database."""

    service: Service
    sandbox: Sandbox

    def path(self, stream: SendingStream, what: str = "events") -> str:
        return f"/v1/apps/{stream.slug}/components/{stream.component_id}/{what}"


@pytest.fixture(scope="module")
def both(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder: Path = tmp_path_factory.mktemp("both")
    with (
        service_on(module_database, module_valkey_url, folder) as service,
        tracking_running(module_database.tracking_url, module_valkey_url, folder, **UNLIMITED) as url,
    ):
        yield Both(service, Sandbox(url, service.engine, service.people))


def test_events_are_listed_newest_first_by_what_is_asked_for(both: Both) -> None:
    stream = both.sandbox.stream("listed")
    batch = [stream.event(1), stream.event(2, "Elsewhere", userId=""), {"type": "page", "name": "Home", "userId": "u"}]
    assert both.sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).status_code == 200

    def listed(query: str = "") -> list[str | None]:
        return [one["event"] for one in both.service.partner("GET", both.path(stream) + query).json()["items"]]

    assert listed() == ["Home", "Elsewhere", "Email Opened"]
    assert listed("?type=page") == ["Home"]
    assert listed("?event=Elsewhere") == ["Elsewhere"]
    assert listed("?valid=true") == ["Email Opened"]
    assert (listed("?found=true"), listed("?found=false")) == (["Home", "Elsewhere"], ["Email Opened"])
    assert listed("?limit=1") == ["Home"]
    answer = both.service.partner("GET", both.path(stream)).json()
    positions = [one["position"] for one in answer["items"]]
    assert answer["latest"] == positions[0]
    assert listed(f"?after={positions[1]}") == ["Home"]
    assert listed(f"?before={positions[1]}") == ["Email Opened"]
    first = answer["items"][-1]
    assert (first["body"], first["revision"], first["declared"]) == (batch[0], 1, "Email Opened")
    assert [one["level"] for one in answer["items"][1]["findings"]].count("error") >= 1
    assert both.service.partner("GET", both.path(stream) + "?after=-1").status_code == 422


def test_who_waits_for_news_gets_them_as_they_come(both: Both) -> None:
    stream = both.sandbox.stream("awaited")
    assert both.sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
    latest = both.service.partner("GET", both.path(stream)).json()["latest"]
    with ThreadPoolExecutor(1) as threads:
        path = f"{both.path(stream)}?after={latest}"
        waiting = threads.submit(both.service.partner, "GET", path, timeout_s=40, Prefer="wait=30")
        assert both.sandbox.post("/v1/t", stream.event(2), stream.write_key).status_code == 200
        answer = waiting.result()
    assert [one["message_id"] for one in answer.json()["items"]] == ["m-2"]
    assert answer.headers["Preference-Applied"] == "wait"
    assert answer.json()["latest"] > latest


@pytest.mark.parametrize("statements", [1, 2])
def test_an_event_that_comes_while_others_are_read_is_not_passed_over(both: Both, statements: int) -> None:
    stream = both.sandbox.stream(f"overtaken-{statements}")
    assert both.sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
    with Session(both.service.engine) as session:
        component, now = session.get_one(Component, stream.component_id), now_of(session)
        executed = 0

        def send_after_some(*_: object) -> None:
            nonlocal executed
            executed += 1
            if executed == statements:
                assert both.sandbox.post("/v1/t", stream.event(2), stream.write_key).status_code == 200

        def read(after: int | None = None) -> EventPage:
            return list_events(session, component, both.sandbox.people.partner, EventFilter(after=after), now, limit=9)

        event.listen(session.connection(), "after_cursor_execute", send_after_some)
        page = read()
        seen = [*page.events, *read(page.latest).events]
        assert {one.message_id for one in seen} == {"m-1", "m-2"}


def test_a_reading_by_staff_is_in_the_audit_log_and_services_may_not_read(both: Both) -> None:
    stream = both.sandbox.stream("private")
    for caller in (both.service.reviewer, both.service.admin, both.service.partner):
        assert caller("GET", both.path(stream)).status_code == 200
    assert both.service.service("GET", both.path(stream)).status_code == 403
    with both.service.engine.connect() as connection:
        read = connection.execute(
            text("SELECT actor_role FROM audit_entry WHERE action = 'sandbox.read' AND target = :id ORDER BY id"),
            {"id": str(stream.component_id)},
        ).scalars()
        assert list(read) == ["reviewer", "admin"]


def test_what_each_declared_event_lacks_is_told_until_the_next_change(both: Both) -> None:
    stream = both.sandbox.stream("lacking", ["Email Opened", "Elsewhere"])

    def lacks() -> dict[str, tuple[int, int, bool]]:
        items = both.service.partner("GET", both.path(stream, "declared-events")).json()["items"]
        return {one["event"]: (one["valid"], one["invalid"], bool(one["lacks"])) for one in items}

    assert lacks() == {"Email Opened": (0, 0, True), "Elsewhere": (0, 0, True)}
    batch = [stream.event(1), stream.event(2, "Elsewhere", userId="")]
    assert both.sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).status_code == 200
    assert lacks() == {"Email Opened": (1, 0, False), "Elsewhere": (0, 1, True)}
    path = f"/v1/apps/{stream.slug}/components/{stream.component_id}"
    changed = both.service.partner("PATCH", path, {"settings": {"events": ["Email Opened"]}}, If_Match="*")
    assert changed.status_code == 200
    assert lacks() == {"Email Opened": (0, 0, True)}
    assert both.sandbox.post("/v1/t", stream.event(3), stream.write_key).status_code == 200
    assert lacks() == {"Email Opened": (1, 0, False)}


def test_a_stream_is_tested_once_all_it_declares_has_come_valid_since_its_latest_change(both: Both) -> None:
    stream = both.sandbox.stream("tested", ["Email Opened", "Elsewhere"])
    path = f"/v1/apps/{stream.slug}/components/{stream.component_id}"

    def state() -> tuple[bool, str | None]:
        read = both.service.partner("GET", path).json()
        told = both.service.partner("GET", both.path(stream, "declared-events")).json()
        assert told["colour"] == read["colour"]
        return read["tested"], read["colour"]

    def send(number: int, name: str, **more: object) -> None:
        assert both.sandbox.post("/v1/t", stream.event(number, name, **more), stream.write_key).status_code == 200

    send(1, "Email Opened")
    assert state() == (False, None)
    send(2, "Elsewhere", userId="")
    assert state() == (False, None)
    send(3, "Elsewhere")
    assert state() == (True, "green")
    send(4, "Elsewhere", userId="")
    assert state() == (True, "green")
    send(5, "Email Opened", timestamp="yesterday")
    send(6, "Email Opened", properties={"email_id": 7, "campaign_id": {}})
    tested, colour = state()
    assert (tested, colour) == (True, "yellow" if both.sandbox.declared(stream)["Email Opened"].warned else "green")
    assert both.service.partner("PATCH", path, {"name": "Renamed"}, If_Match="*").status_code == 200
    assert state() == (False, None)


def test_what_a_removed_stream_sent_is_deleted_and_its_key_opens_nothing(both: Both) -> None:
    stream = both.sandbox.stream("leaving")
    assert both.sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
    path = f"/v1/apps/{stream.slug}/components/{stream.component_id}"
    assert both.service.partner("DELETE", path, If_Match="*").status_code == 204
    assert both.sandbox.events(stream) == []
    assert [one.latest_findings for one in both.sandbox.declared(stream).values()] == [[]]
    assert both.sandbox.post("/v1/t", stream.event(2), stream.write_key).status_code == 400


def test_a_component_that_is_no_stream_has_no_debugger(both: Both) -> None:
    stream = both.sandbox.stream("plugged")
    settings = {"bundle_url": "https://acme.example/plugin.js", "minimum_sdk_version": "1.60"}
    body = {"kind": "plugin", "subkind": "web", "name": "Web", "settings": settings}
    made = both.service.partner("POST", f"/v1/apps/{stream.slug}/components", body).json()
    for what in ("events", "declared-events"):
        answer = both.service.partner("GET", f"/v1/apps/{stream.slug}/components/{made['id']}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (422, "component.no_stream")


def test_the_ring_has_the_newest_events_of_a_week(both: Both, module_database: TestDatabase) -> None:
    stream = both.sandbox.stream("ringed")
    for first in range(0, RING + 500, 500):
        batch = [stream.event(number) for number in range(first, first + 500)]
        assert both.sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).status_code == 200
    kept = [one.message_id for one in both.sandbox.events(stream)]
    assert kept == [f"m-{number}" for number in range(500, RING + 500)]
    assert both.sandbox.declared(stream)["Email Opened"].valid == RING + 500
    owner = create_engine(module_database.owner_url)
    with owner.begin() as connection:
        old = text("UPDATE sandbox_event SET received_at = now() - interval '8 days' WHERE component_id = :id")
        connection.execute(old, {"id": stream.component_id})
    owner.dispose()
    assert both.service.partner("GET", both.path(stream)).json()["items"] == []
    with Session(both.service.engine) as session, session.begin():
        for step in pruning_steps(now_of(session) + timedelta(seconds=1)):
            step(session, 5000)
    wait_until(lambda: not both.sandbox.events(stream), what="the end of old events")


def test_a_batch_that_is_longer_than_the_ring_is_counted_whole(both: Both) -> None:
    stream = both.sandbox.stream("overlong")
    batch = [stream.event(0, "Order Completed", properties={"order_id": "1"})]
    batch += [{"type": "page", "userId": "u", "messageId": f"p-{number}"} for number in range(RING + 200)]
    assert both.sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).status_code == 200
    assert [one.message_id for one in both.sandbox.events(stream)] == [
        f"p-{number}" for number in range(200, RING + 200)
    ]
    assert both.sandbox.declared(stream)["Order Completed"].valid == 1


def test_an_event_that_is_tried_is_judged_and_listed_and_counts_for_nothing(both: Both) -> None:
    stream = both.sandbox.stream("tried", ["Email Opened"])
    path = both.path(stream)
    sent = stream.event(1) | {"writeKey": stream.write_key}
    answer = both.service.partner("POST", path, {"event": sent})
    assert answer.status_code == 201, answer.text
    tried = answer.json()
    assert (tried["tried"], tried["valid"], tried["declared"]) == (True, True, "Email Opened")
    assert (tried["body"], stream.write_key in answer.text) == (stream.event(1), False)
    wrong = both.service.partner("POST", path, {"event": {"type": "track", "event": "Email Opened"}}).json()
    found = [one["code"] for one in wrong["findings"] if one["level"] == "error"]
    assert (wrong["valid"], found) == (False, ["user_id.missing", "integration.missing"])
    listed = both.service.partner("GET", path).json()
    assert listed["items"] == [wrong, tried]
    declared = both.service.partner("GET", both.path(stream, "declared-events")).json()
    (item,) = declared["items"]
    assert (declared["colour"], item["valid"], item["invalid"], item["latest_at"]) == (None, 0, 0, None)
    assert both.sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
    after = both.service.partner("GET", both.path(stream, "declared-events")).json()
    assert (after["colour"], after["items"][0]["valid"]) == ("green", 1)  # its message id was not used up
    assert [one["tried"] for one in both.service.partner("GET", path).json()["items"]] == [False, True, True]


def test_a_try_is_sent_once_by_its_key_and_is_gone_with_the_ring(both: Both) -> None:
    stream = both.sandbox.stream("tried-once")
    path, body, key = both.path(stream), {"event": stream.event(1)}, "tried-once-1"
    first = both.service.partner("POST", path, body, Idempotency_Key=key)
    assert both.service.partner("POST", path, body, Idempotency_Key=key).json() == first.json()
    assert len(both.service.partner("GET", path).json()["items"]) == 1
    batch = [stream.event(number) for number in range(RING)]
    for start in range(0, RING, 500):
        sent = both.sandbox.post("/v1/batch", {"batch": batch[start : start + 500]}, stream.write_key)
        assert sent.status_code == 200
    gone = both.service.partner("POST", path, body, Idempotency_Key=key)
    assert (gone.status_code, gone.json()["code"]) == (404, "event.not_found")
    with both.service.engine.connect() as connection:
        kept = connection.scalars(text("SELECT answer::text FROM idempotency_key WHERE key = 'tried-once-1'")).all()
        logged = connection.scalars(
            text("SELECT count(*) FROM audit_entry WHERE action = 'sandbox.try' AND target = :id"),
            {"id": str(stream.component_id)},
        ).one()
    assert (len(kept), "Email Opened" in kept[0], logged) == (1, False, 1)


def test_what_cannot_be_tried_is_refused(both: Both) -> None:
    stream = both.sandbox.stream("tried-wrong")
    path = both.path(stream)
    large = both.service.partner("POST", path, {"event": stream.event(1, text="x" * 32_768)})
    assert (large.status_code, large.json()["code"]) == (422, "event.too_large")
    assert both.service.partner("POST", path, {"event": []}).status_code == 422
    made = both.service.partner("POST", "/v1/apps/tried-wrong/components", WEBHOOK).json()
    hook = both.service.partner("POST", f"/v1/apps/tried-wrong/components/{made['id']}/events", {"event": {}})
    assert (hook.status_code, hook.json()["code"]) == (422, "component.no_stream")
    own = path.removesuffix("/events")
    revision = both.service.partner("GET", own).headers["ETag"]
    assert both.service.partner("DELETE", own, If_Match=revision).status_code == 204
    assert both.service.partner("POST", path, {"event": stream.event(1)}).status_code == 404


def test_the_example_of_each_declared_event_is_judged_valid(both: Both) -> None:
    stream = both.sandbox.stream("exemplary", ["Email Opened", "Report Shared", "order completed"])
    items = both.service.partner("GET", both.path(stream, "declared-events")).json()["items"]
    for one in items:
        tried = both.service.partner("POST", both.path(stream), {"event": one["example"]}).json()
        assert (tried["valid"], tried["declared"]) == (True, one["event"]), tried["findings"]
