"""`Prefer: wait=N`: a call is answered as soon as its outcome is known, and waiting holds no shared resource."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from tests.api.running import Service
from tests.journeys import apps_in_public_beta, judge
from tests.waiting import wait_until

MORE_THAN_THE_POOL = 25


def _asked(service: Service) -> int:
    with service.engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM transition_request WHERE trigger = 'promote'")) or 0)


def test_waiters_hold_no_connection_and_are_answered_when_their_requests_are_judged(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    asked = {"app": "acme", "trigger": "promote"}
    # A caller gives up after 20 seconds, so the test fails if one is answered only after the 30 seconds it asks for.
    with ThreadPoolExecutor(MORE_THAN_THE_POOL) as threads:
        waiters = [
            threads.submit(service.service, "POST", "/v1/transition-requests", asked, timeout_s=20, Prefer="wait=30")
            for _ in range(MORE_THAN_THE_POOL)
        ]
        wait_until(lambda: _asked(service) == MORE_THAN_THE_POOL, seconds=15, what="all requests")
        assert service.partner("GET", "/v1/apps/acme").status_code == 200
        assert not any(waiter.done() for waiter in waiters)
        judge(service.engine)
        answers = [waiter.result() for waiter in waiters]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"refused"}
    assert {answer.headers["Preference-Applied"] for answer in answers} == {"wait"}


def test_a_caller_who_waits_in_vain_is_told_that_the_request_is_accepted(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    asked = {"app": "acme", "trigger": "promote"}
    waited = service.service("POST", "/v1/transition-requests", asked, Prefer="wait=1")
    assert (waited.status_code, waited.json()["status"]) == (202, "due")
    assert waited.headers["Location"] == f"/v1/transition-requests/{waited.json()['id']}"
