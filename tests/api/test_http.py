"""The API over HTTP for partners, reviewers, services and admins."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Person
from tests.api.answers import problem
from tests.api.running import Service
from tests.api.service import Caller, operators_of
from tests.journeys import apps_in_public_beta, judge, now_of, people_in, token_of
from tests.launch import PASSED, RIG, WEBHOOK, give_everything
from workflow.identity.tokens import issue_token, revoke_token


def _component(service: Service, slug: str) -> str:
    answer = service.partner("POST", f"/v1/apps/{slug}/components", WEBHOOK)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _decide(service: Service, slug: str, decision: str) -> Any:
    review = next(one for one in service.reviewer("GET", "/v1/reviews").json()["items"] if one["app"] == slug)
    path = f"/v1/reviews/{review['id']}"
    assert service.reviewer("POST", f"{path}/claim").status_code == 200
    for step in review["steps"]:
        assert service.reviewer("POST", f"{path}/steps/{step['code']}", {"decision": "pass"}).status_code == 200
    return service.reviewer("POST", f"{path}/decision", {"decision": decision})


def test_an_app_makes_its_whole_journey_over_http(service: Service) -> None:
    assert service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"}).status_code == 201
    component = _component(service, "acme")
    results = [*PASSED, {"event": "track", "status": 501}]
    test = service.service(
        "POST", f"/v1/apps/acme/components/{component}/tests", {"rig": RIG, "results": results}
    ).json()
    assert test["colour"] == "yellow"
    give_everything(service.partner, "acme")
    assert service.partner("GET", "/v1/apps/acme/checklist").json()["complete"]
    submitted = service.partner("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"})
    assert submitted.status_code == 202
    judge(service.engine)
    outcome = service.partner("GET", f"/v1/transition-requests/{submitted.json()['id']}").json()
    assert (outcome["status"], outcome["version"]) == ("applied", 2)
    frozen = service.partner("PATCH", "/v1/apps/acme", {"name": "Other"}, If_Match="*")
    problem(frozen, 409, "app.frozen")
    assert _decide(service, "acme", "approve").status_code == 202
    judge(service.engine)
    entry = service.nobody("GET", "/v1/catalog/acme").json()
    assert entry["badge"] == "public_beta"
    assert entry["categories"] == ["Analytics"]
    for workspace in ("one", "two", "three"):
        assert service.service("PUT", f"/v1/apps/acme/customers/{workspace}").json()["changed"]
    assert not service.service("PUT", "/v1/apps/acme/customers/one").json()["changed"]
    assert service.service("PUT", "/v1/apps/acme/oauth-installs/one").status_code == 200
    judge(service.engine)
    assert service.nobody("GET", "/v1/catalog/acme").json()["badge"] == "public"
    log = service.partner("GET", "/v1/apps/acme/transitions").json()["items"]
    assert [row["trigger"] for row in log] == ["create", "submit", "approve", "promote"]
    assert {row["actor_name"] for row in log} == {None}
    seen = service.reviewer("GET", "/v1/apps/acme/transitions").json()["items"]
    assert [row["actor_name"] for row in seen] == ["Pat", "Pat", "Rae", "the service itself"]


def test_while_the_description_is_built_other_calls_are_answered(service: Service) -> None:
    with ThreadPoolExecutor(2) as threads:
        described = [threads.submit(service.nobody, "GET", "/openapi.json", timeout_s=60) for _ in range(2)]
        answered = 0
        while not any(one.done() for one in described):
            answered += service.nobody("GET", "/healthz").ok
        assert answered > 20
        one, two = (future.result() for future in described)
    assert one.json()["paths"]
    assert one.content == two.content
    assert one.headers["Content-Type"] == "application/json"


def test_a_refusal_names_every_unmet_rule_with_its_remedy(service: Service) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    asked = service.partner("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"}).json()
    judge(service.engine)
    outcome = service.partner("GET", f"/v1/transition-requests/{asked['id']}").json()
    assert outcome["status"] == "refused"
    codes = [one["code"] for one in outcome["unmet"]]
    assert codes == ["components.present", "checklist.complete"]
    assert all(one["detail"] and one["remedy"] for one in outcome["unmet"])
    triggers = service.partner("GET", "/v1/apps/acme/triggers").json()["triggers"]
    submit = next(one for one in triggers if one["trigger"] == "submit")
    assert [one["code"] for one in submit["unmet"]] == codes


def test_a_password_is_never_stored_or_answered_in_plain(service: Service) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    account = {"username": "rae", "password": "a secret of the partner", "notes": "Log in at /."}
    given = service.partner("PUT", "/v1/apps/acme/checklist/test_account", {"evidence": account})
    listed = service.partner("GET", "/v1/apps/acme/checklist")
    with Session(service.engine) as session:
        stored = str(session.execute(text("SELECT evidence FROM checklist_item")).scalar_one())
    for words in (given.text, listed.text, stored):
        assert "a secret of the partner" not in words


def test_the_same_key_returns_the_same_answer_and_another_body_is_refused(service: Service) -> None:
    new_app = {"slug": "acme", "name": "Acme"}
    first = service.partner("POST", "/v1/apps", new_app, Idempotency_Key="k1")
    again = service.partner("POST", "/v1/apps", new_app, Idempotency_Key="k1")
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, first.json())
    problem(
        service.partner("POST", "/v1/apps", {**new_app, "name": "B"}, Idempotency_Key="k1"), 422, "idempotency.mismatch"
    )
    asked = {"app": "acme", "trigger": "submit"}
    one = service.partner("POST", "/v1/transition-requests", asked, Idempotency_Key="k2").json()
    two = service.partner("POST", "/v1/transition-requests", asked, Idempotency_Key="k2").json()
    assert one["id"] == two["id"]
    other = service.partner("POST", "/v1/transition-requests", {**asked, "trigger": "withdraw"}, Idempotency_Key="k2")
    problem(other, 422, "idempotency.mismatch")


def test_a_new_request_is_answered_as_it_is_read_later_and_a_repeat_with_its_outcome(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    with Session(service.engine) as session:
        tomorrow = (now_of(session) + timedelta(days=1)).isoformat()
    now, later = {"app": "acme", "trigger": "promote"}, {"app": "acme", "trigger": "suspend", "not_before": tomorrow}
    for asked in (now, later):
        answer = service.admin("POST", "/v1/transition-requests", asked, Idempotency_Key=asked["trigger"])
        assert (answer.status_code, answer.json()["status"]) == (202, "due")
        assert answer.headers["Content-Type"] == "application/json"
        assert service.admin("GET", answer.headers["Location"]).json() == answer.json()
    judge(service.engine)
    again = service.admin("POST", "/v1/transition-requests", now, Idempotency_Key="promote")
    assert (again.status_code, again.json()["status"]) == (200, "refused")
    assert service.admin("GET", again.headers["Location"]).json() == again.json()


def test_each_of_many_requests_is_accepted_or_refused_on_its_own(service: Service) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    items = [
        {"app": "acme", "trigger": "submit", "idempotency_key": "a"},
        {"app": "nobody", "trigger": "submit"},
        {"app": "acme", "trigger": "approve"},
        {"app": "acme", "trigger": "submit", "idempotency_key": "a"},
        {"app": "acme", "trigger": "withdraw", "idempotency_key": "a"},
    ]
    answers = service.partner("POST", "/v1/transition-requests", items).json()["items"]
    assert [answer["status"] for answer in answers] == [202, 404, 403, 202, 422]
    assert answers[0]["id"] == answers[3]["id"]
    too_many = [{"app": "acme", "trigger": "submit"}] * 1001
    problem(service.partner("POST", "/v1/transition-requests", too_many), 422, "request.invalid")


def test_an_app_of_another_company_is_not_found(service: Service) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    other = Caller(service.url, token_of(service.engine, people_in(service.engine, "Other").partner))
    problem(other("GET", "/v1/apps/acme"), 404, "app.not_found")
    problem(other("PATCH", "/v1/apps/acme", {"name": "Mine"}), 404, "app.not_found")
    problem(other("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"}), 404, "app.not_found")
    assert other("GET", "/v1/apps").json()["items"] == []


def test_a_token_that_is_missing_unknown_expired_or_revoked_is_refused(service: Service) -> None:
    with Session(service.engine) as session, session.begin():
        holder = session.get_one(Person, service.people.partner.id)
        now = now_of(session)
        _, expired = issue_token(session, holder, label="old", expires_at=now - timedelta(seconds=1))
        token, revoked = issue_token(session, holder, label="gone", expires_at=now + timedelta(days=1))
        revoke_token(session, token.id, service.people.admin, now)
    for plain, code in (
        (None, "token.missing"),
        ("dc_x", "token.invalid"),
        (expired, "token.expired"),
        (revoked, "token.revoked"),
    ):
        problem(Caller(service.url, plain)("GET", "/v1/apps"), 401, code)
    problem(service.partner("GET", "/v1/reviews"), 403, "role.forbidden")


def test_pages_follow_one_another_without_gap_or_repeat(service: Service) -> None:
    for number in range(5):
        service.partner("POST", "/v1/apps", {"slug": f"app-{number}", "name": "App"})
    seen: list[str] = []
    after = ""
    while True:
        page = service.partner("GET", f"/v1/apps?limit=2{after}").json()
        seen += [app["slug"] for app in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [f"app-{number}" for number in range(5)]
    problem(service.partner("GET", "/v1/apps/app-1/transitions?after=%21%21"), 422, "cursor.invalid")


def test_a_body_that_is_too_large_is_refused_declared_or_not(service: Service) -> None:
    problem(service.partner("POST", "/v1/apps", {"slug": "acme", "name": "x" * 2_000_000}), 413, "body.too_large")
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        known = f"Authorization: Bearer {service.partner.token}\r\n".encode()
        raw.sendall(b"POST /v1/apps HTTP/1.1\r\nHost: x\r\n" + known + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(17):  # the last chunk exceeds 1 MiB; the connection would be closed to a later one
            raw.sendall(chunk)
        assert b" 413 " in raw.recv(4096)


def test_dead_rows_are_listed_and_replayed_by_an_admin(service: Service) -> None:
    apps_in_public_beta(service.engine, service.people, ["acme"])
    asked = service.service("POST", "/v1/transition-requests", {"app": "acme", "trigger": "promote"}).json()
    with Session(service.engine) as session, session.begin():
        session.execute(
            text(
                "UPDATE transition_request SET status = 'dead', finished_at = now(), last_error = 'why' WHERE id = :id"
            ),
            {"id": UUID(asked["id"])},
        )
    counts = {one["kind"]: one["count"] for one in service.admin("GET", "/v1/dead").json()["items"]}
    assert counts["transition_request"] == 1
    listed = service.admin("GET", "/v1/dead/transition_request").json()["items"]
    assert [(row["id"], row["about"], row["error"]) for row in listed] == [(asked["id"], "acme: promote", "why")]
    assert service.admin("POST", f"/v1/dead/transition_request/{asked['id']}/replay").json()["status"] == "due"
    judge(service.engine)
    assert service.service("GET", f"/v1/transition-requests/{asked['id']}").json()["status"] == "refused"
    problem(service.admin("POST", f"/v1/dead/transition_request/{asked['id']}/replay"), 404, "dead.not_found")


def test_operators_see_what_is_due_and_dead(service: Service) -> None:
    service.partner("POST", "/v1/apps", {"slug": "acme", "name": "Acme"})
    service.partner("POST", "/v1/transition-requests", {"app": "acme", "trigger": "submit"})
    metrics = operators_of(service.url)("GET", "/metrics").text
    assert 'devcenter_due_rows{kind="transition_request"} 1.0' in metrics
    assert service.nobody("GET", "/healthz").json() == {"status": "alive"}
