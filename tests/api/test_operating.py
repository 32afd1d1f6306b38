"""What operators see and do: readiness, metrics, and replays that are too late."""

from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.running import Service
from tests.api.service import api_running, operators_of
from tests.databases import TestDatabase
from tests.journeys import apps_in_public_beta

_SCHEDULED = text("""
    INSERT INTO transition_request
           (id, app_id, trigger, source, principal_id, role, body_hash, status, last_error, finished_at)
    SELECT uuidv7(), id, 'promote', 'schedule', gen_random_uuid(), 'schedule', sha256('x'), :status, 'why',
           CASE WHEN :dead THEN now() END
      FROM app RETURNING id
""")


def _scheduled(session: Session, status: str) -> Any:
    return session.scalar(_SCHEDULED, {"status": status, "dead": status == "dead"})


def test_a_dead_promotion_that_the_schedule_requested_again_cannot_be_replayed(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    with Session(service.engine) as session, session.begin():
        dead = _scheduled(session, "dead")
        _scheduled(session, "due")
    answer = service.admin("POST", f"/v1/dead/transition_request/{dead}/replay")
    assert (answer.status_code, answer.json()["code"]) == (409, "dead.superseded")


def test_only_admins_see_why_judging_failed(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    with Session(service.engine) as session, session.begin():
        dead = _scheduled(session, "dead")
    path = f"/v1/transition-requests/{dead}"
    assert service.admin("GET", path).json()["error"] == "why"
    for caller in (service.partner, service.reviewer, service.service):
        assert caller("GET", path).json()["error"].startswith("Judging the request failed.")


def test_requests_are_counted_by_route_and_not_by_path(service: Service) -> None:
    service.partner("GET", "/v1/apps/acme")
    service.nobody("GET", "/nowhere")
    metrics = operators_of(service.url)("GET", "/metrics").text
    assert 'devcenter_http_requests_total{method="GET",route="/v1/apps/{slug}",status="404"} 1.0' in metrics
    assert 'devcenter_http_requests_total{method="GET",route="none",status="404"} 1.0' in metrics
    assert 'devcenter_http_seconds_count{method="GET",route="/v1/apps/{slug}"} 1.0' in metrics


def test_the_public_listener_has_nothing_for_operators_and_theirs_nothing_else(service: Service) -> None:
    operators = operators_of(service.url)
    for path in ("/metrics", "/readyz"):
        assert service.nobody("GET", path).status_code == 404
        assert service.admin("GET", path).status_code == 404
        assert operators("GET", path).status_code == 200
    for path in ("/v1/catalog", "/v1/me", "/docs", "/openapi.json", "/"):
        assert operators("GET", path).status_code == 404
    assert service.nobody("GET", "/healthz").status_code == operators("GET", "/healthz").status_code == 200


def test_without_redis_the_service_is_degraded_but_ready(
    service: Service, database: TestDatabase, tmp_path: Path
) -> None:
    assert operators_of(service.url)("GET", "/readyz").json()["status"] == "ready"
    with api_running(database.application_url, "redis://127.0.0.1:1/0", tmp_path) as url:
        answer = operators_of(url)("GET", "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def test_due_rows_are_shown_by_kind_and_by_the_longest_lanes(service: Service) -> None:
    with Session(service.engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, leased_until)
                SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', now() - interval '1 minute',
                       'lane' || n % 12 || '.example', CASE WHEN n % 12 = 3 THEN now() + interval '1 minute' END
                  FROM generate_series(1, 250) n
            """)
        )
        session.execute(
            text("""
                INSERT INTO failing_lane (table_name, lane, failures, failing_since, rests_until, last_error)
                VALUES ('notification', 'lane1.example', 1, now(), now(), 'timed out')
            """)
        )
    metrics = operators_of(service.url)("GET", "/metrics").text
    assert 'devcenter_due_rows{kind="notification"} 250.0' in metrics
    assert 'devcenter_due_rows_in_flight{kind="notification"} 21.0' in metrics
    assert 'devcenter_failing_lanes{kind="notification"} 1.0' in metrics
    assert 'devcenter_lane_due_rows{kind="notification",lane="lane1.example"} 21.0' in metrics
    assert 'devcenter_lane_rows_in_flight{kind="notification",lane="lane3.example"} 21.0' in metrics
    assert metrics.count('devcenter_lane_due_rows{kind="notification"') == 10
