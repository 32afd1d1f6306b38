"""The audit log and dead rows over HTTP: filtered, paged, newest first."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.running import Service
from tests.dead import dead_row
from tests.journeys import app_building


def _all(service: Service, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = service.admin("GET", f"{path}{after}")
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            return items
        after = f"&after={answer.json()['next']}"


def test_the_audit_log_is_filtered_by_actor_target_action_and_time(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "audited")
    began = datetime.now(UTC) - timedelta(minutes=1)
    for number in range(5):
        service.partner("PATCH", "/v1/apps/audited", {"name": f"Name {number}"}, If_Match="*")
    service.service("PUT", "/v1/apps/audited/customers/w")
    by_target = _all(service, "/v1/audit?target=audited&limit=2")
    assert [one["action"] for one in by_target] == ["usage.report", *["app.change"] * 5]
    assert [one["detail"].get("name") for one in by_target[1:]] == [f"Name {number}" for number in range(4, -1, -1)]
    by_actor = _all(service, f"/v1/audit?actor={service.people.service.id}&limit=2")
    assert [one["target"] for one in by_actor] == ["audited"]
    by_action = _all(service, "/v1/audit?action=app.change&target=audited&limit=3")
    assert len(by_action) == 5
    since, middle = quote(began.isoformat()), quote(by_target[2]["at"])
    assert len(_all(service, f"/v1/audit?target=audited&since={since}&limit=4")) == 6
    assert len(_all(service, f"/v1/audit?target=audited&until={since}&limit=4")) == 0
    assert len(_all(service, f"/v1/audit?target=audited&since={middle}&limit=4")) == 3
    assert len(_all(service, f"/v1/audit?target=audited&until={middle}&limit=4")) == 3
    assert service.reviewer("GET", "/v1/audit").status_code == 403


def test_dead_rows_of_a_kind_are_paged_and_an_unknown_kind_is_refused(shared_service: Service) -> None:
    service = shared_service
    with Session(service.engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO rejected_message (id, queue, digest, body, error)
                SELECT uuidv7(), 'transitions', sha256(n::text::bytea), 'body ' || n, 'why'
                  FROM generate_series(1, 5) n
            """)
        )
    counts = {
        one["kind"]: (one["count"], one["replayable"]) for one in service.admin("GET", "/v1/dead").json()["items"]
    }
    assert counts["rejected_message"] == (5, False)
    assert counts["notification"] == (0, True)
    rows = _all(service, "/v1/dead/rejected_message?limit=2")
    assert [row["body"] for row in rows] == [f"body {number}" for number in range(5, 0, -1)]
    replayed = service.admin("POST", f"/v1/dead/rejected_message/{rows[0]['id']}/replay")
    assert (replayed.status_code, replayed.json()["code"]) == (409, "dead.not_replayable")
    assert service.admin("GET", "/v1/dead/nonsense").status_code == 422


def test_requests_of_an_app_are_listed_by_status(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "asked")
    ids = [
        service.partner("POST", "/v1/transition-requests", {"app": "asked", "trigger": trigger}).json()["id"]
        for trigger in ("submit", "withdraw", "submit")
    ]
    listed = _all(service, "/v1/apps/asked/transition-requests?limit=2")
    assert [one["id"] for one in listed] == ids[::-1]
    assert {one["status"] for one in listed} == {"due"}
    assert _all(service, "/v1/apps/asked/transition-requests?status=applied") == []


def test_the_audit_log_says_who_it_was_and_is_narrowed_by_their_name_and_by_app(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "named")
    component = {"kind": "subscription", "subkind": "webhook", "name": "Hook", "settings": {}}
    made = service.partner("POST", "/v1/apps/named/components", component)
    assert made.status_code in (201, 422), made.text
    service.partner("PATCH", "/v1/apps/named", {"name": "Named"}, If_Match="*")
    service.service("PUT", "/v1/apps/named/customers/w")
    by_app = _all(service, "/v1/audit?app=named&limit=2")
    assert [one["actor_name"] for one in by_app if one["action"] == "app.change"] == ["Pat"]
    if made.status_code == 201:
        assert made.json()["id"] in [one["target"] for one in by_app]
    by_address = _all(service, "/v1/audit?who=PAT%40acme.example&target=named&limit=50")
    assert {one["actor_name"] for one in by_address} == {"Pat"}
    by_service = _all(service, f"/v1/audit?who={by_app[0]['actor_name']}&app=named&limit=50")
    assert [one["action"] for one in by_service] == ["usage.report"]
    assert _all(service, "/v1/audit?who=nobody%40acme.example&limit=50") == []
    assert _all(service, "/v1/audit?app=no-such-app&limit=50") == []


def test_dead_rows_are_narrowed_as_a_replay_of_all_that_match_is(shared_service: Service) -> None:
    service = shared_service
    for lane, error in (("a.example", "Timed out"), ("a.example", "refused"), ("b.example", "timed out")):
        dead_row(service.engine, lane, error)
    assert len(_all(service, "/v1/dead/notification?error=TIMED&limit=1")) == 2
    (row,) = _all(service, "/v1/dead/notification?error=timed&lane=a.example&limit=50")
    assert (row["lane"], row["error"]) == ("a.example", "Timed out")
    replayed = service.admin("POST", "/v1/dead/notification/replay", {"error": "TIMED"})
    assert replayed.json()["replayed"] == 2
    assert [row["error"] for row in _all(service, "/v1/dead/notification?lane=a.example&limit=50")] == ["refused"]
