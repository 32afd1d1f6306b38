"""The policy over HTTP: validation, preview, concurrent publishing, and its effect on judging."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from jsonschema_rs import validator_for
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from tests.api.running import Service
from tests.api.service import Caller
from tests.api.world import key_ring
from tests.journeys import apps_in_public_beta, now_of
from workflow.errors import Conflict
from workflow.operating.previewed import GOOD_FOR, proof_of_preview, publish_previewed
from workflow.operating.publishing import schema_of_policy


def previewed(caller: Caller, document: dict[str, Any]) -> str:
    """Returns the proof that the caller was shown a preview of the document."""
    answer = caller("POST", "/v1/policies/preview", {"document": document})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["previewed"])


def _current(service: Service) -> dict[str, Any]:
    answer = service.admin("GET", "/v1/policies/current")
    assert answer.status_code == 200, answer.text
    current: dict[str, Any] = answer.json()
    return current


DOCUMENT = {
    "review_business_days": 2,
    "due_soon_hours": 8,
    "time_zone": "America/Los_Angeles",
    "country": "US",
    "subdivision": None,
    "customers_to_promote": 3,
    "required_checklist": ["app_info"],
    "review_steps": ["end_to_end_check"],
    "observed": ["oauth.enabled"],
}


def test_the_schema_has_what_a_form_needs(shared_service: Service) -> None:
    answer = shared_service.admin("GET", "/v1/policies/schema")
    assert answer.status_code == 200, answer.text
    assert answer.json() == schema_of_policy()
    validator = validator_for(answer.json())
    assert validator.is_valid(DOCUMENT)
    assert validator.is_valid(_current(shared_service)["document"])


def test_all_problems_are_named_at_once_and_nothing_is_published(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    wrong = {**DOCUMENT, "observed": ["no.rule"], "customers_to_promote": -1, "x": 1}
    del wrong["country"]
    body = {"base_version": current["version"], "document": wrong, "note": "x"}
    for path, sent in (("/v1/policies", body), ("/v1/policies/preview", {"document": wrong})):
        refused = service.admin("POST", path, sent)
        assert (refused.status_code, refused.json()["code"]) == (422, "policy.invalid")
        assert all(
            part in refused.json()["detail"] for part in ("observed[0]", "customers_to_promote", "x:", "country")
        )
        wrong_values = {flaw["pointer"]: flaw["detail"] for flaw in refused.json()["errors"]}
        assert wrong_values.keys() == {
            f"#/document/{place}" for place in ("observed/0", "customers_to_promote", "x", "country")
        }
        assert wrong_values["#/document/customers_to_promote"] == "It must be a whole number from 0 to 1000000."
    assert _current(service) == current


def test_own_closed_days_are_previewed_published_and_refused_one_by_one(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    document = current["document"] | {"closed_days": ["12-24", "2026-12-28"]}
    seen = service.admin("POST", "/v1/policies/preview", {"document": document}).json()
    assert {"part": "closed_days", "added": ["12-24", "2026-12-28"], "dropped": []} in seen["codes"]
    body = {"base_version": current["version"], "document": document, "note": "Closed."}
    body["previewed"] = previewed(service.admin, document)
    assert service.admin("POST", "/v1/policies", body).status_code == 201
    assert _current(service)["document"]["closed_days"] == ["12-24", "2026-12-28"]
    wrong = document | {"closed_days": ["12-24", "2027-02-30"]}
    refused = service.admin("POST", "/v1/policies/preview", {"document": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "policy.invalid")
    assert "closed_days[1]: '2027-02-30' is no day." in refused.json()["detail"]


def test_a_preview_says_what_publishing_then_does(shared_service: Service) -> None:
    service = shared_service
    apps_in_public_beta(service.engine, service.people, ["one", "two"])
    for slug, customers in (("one", 1), ("two", 2)):
        items = [{"app": slug, "use": "customer", "workspace": f"w{number}"} for number in range(customers)]
        items.append({"app": slug, "use": "oauth_install", "workspace": "w0"})
        assert service.service("POST", "/v1/usage", {"items": items}).status_code == 200
    current = _current(service)
    wanted = {**current["document"], "customers_to_promote": 2, "review_steps": ["end_to_end_check"]}
    seen = service.admin("POST", "/v1/policies/preview", {"document": wanted}).json()
    assert seen["parts"] == [{"part": "customers_to_promote", "before": 3, "after": 2}]
    dropped = sorted(set(current["document"]["review_steps"]) - {"end_to_end_check"})
    assert seen["codes"] == [{"part": "review_steps", "added": [], "dropped": dropped}]
    assert (seen["become_eligible"], seen["no_longer_eligible"]["count"]) == ({"count": 1, "apps": ["two"]}, 0)
    assert (seen["complete"], seen["base_version"]) == (True, current["version"])

    body = {"base_version": current["version"], "document": wanted, "note": "Two are enough."}
    body["previewed"] = seen["previewed"]
    published = service.admin("POST", "/v1/policies", body)
    assert (published.status_code, published.json()["version"]) == (201, current["version"] + 1)
    assert _current(service) == published.json()
    assert published.json()["publisher"] == "Ada"
    assert service.admin("GET", f"/v1/policies/{current['version']}").json() == current
    listed = [one["version"] for one in service.admin("GET", "/v1/policies").json()["items"]]
    assert listed == sorted(listed, reverse=True)
    fewer = {part: value for part, value in wanted.items() if part != "claims_at_once"} | {"claims_at_once": 4}
    seen = service.admin("POST", "/v1/policies/preview", {"document": fewer}).json()
    assert seen["parts"] == [{"part": "claims_at_once", "before": 10, "after": 4}]
    undone = service.admin("POST", "/v1/policies/preview", {"document": current["document"]}).json()
    assert undone["no_longer_eligible"] == {"count": 1, "apps": ["two"]}
    triggers = service.partner("GET", "/v1/apps/two/triggers").json()["triggers"]
    promote = next(one for one in triggers if one["trigger"] == "promote")
    assert "customers.onboarded" not in [rule["code"] for rule in promote["unmet"]]


@pytest.mark.parametrize(
    ("version", "status"), [("0", 404), ("9" * 18, 422), ("9" * 5_000, 404), ("first", 404), ("preview", 405)]
)
def test_what_is_no_version_is_refused(shared_service: Service, version: str, status: int) -> None:
    assert shared_service.admin("GET", f"/v1/policies/{version}").status_code == status


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    body = {"base_version": current["version"], "document": current["document"], "note": "Race."}
    body["previewed"] = previewed(service.admin, current["document"])
    with ThreadPoolExecutor(6) as publishers:
        asked = [publishers.submit(service.admin, "POST", "/v1/policies", body) for _ in range(6)]
        answers = [one.result(60) for one in asked]
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"policy.superseded"}
    assert _current(service)["version"] == current["version"] + 1


@pytest.mark.parametrize(
    "wrong", ["nothing", "another text", "another document", "another version", "somebody else", "too long ago"]
)
def test_what_was_not_previewed_is_not_published(shared_service: Service, wrong: str) -> None:
    service = shared_service
    current = _current(service)
    document = current["document"] | {"claims_at_once": 7}
    with Session(service.engine) as session:
        now = now_of(session)
    base, seal = current["version"], key_ring().seal
    proof = {
        "nothing": None,
        "another text": seal("something else that the service has sealed"),
        "another document": previewed(service.admin, current["document"]),
        "another version": proof_of_preview(service.people.admin, base - 1, document, now, seal),
        "somebody else": proof_of_preview(service.people.reviewer, base, document, now, seal),
        "too long ago": proof_of_preview(service.people.admin, base, document, now - GOOD_FOR - timedelta(1), seal),
    }[wrong]
    body = {"base_version": base, "document": document, "note": "Seven at once.", "previewed": proof}
    refused = service.admin("POST", "/v1/policies", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "policy.not_previewed"), refused.text
    assert "POST /v1/policies/preview" in refused.json()["remedy"]
    assert _current(service) == current


def test_a_version_that_appears_meanwhile_lets_nothing_be_published_unseen(shared_service: Service) -> None:
    service = shared_service
    current = _current(service)
    document, base = current["document"] | {"claims_at_once": 9}, current["version"] + 1
    appeared: list[int] = []

    def appear(_connection: Connection, _cursor: Any, sql: str, *_: Any) -> None:
        if "FROM policy_version" in sql and not appeared:
            appeared.append(base)
            theirs = {"base_version": base - 1, "document": current["document"], "note": "Somebody else's."}
            body = theirs | {"previewed": previewed(service.admin, current["document"])}
            assert service.admin("POST", "/v1/policies", body).status_code == 201

    with Session(service.engine) as session:
        event.listen(session.connection(), "after_cursor_execute", appear)
        with pytest.raises(Conflict):
            publish_previewed(
                session,
                document,
                None,
                base=base,
                note="Unseen.",
                actor=service.people.admin,
                now=now_of(session),
                unseal=key_ring().unseal,
            )
    assert appeared


def test_a_version_that_was_published_meanwhile_is_said_before_a_preview_that_is_out_of_date(
    shared_service: Service,
) -> None:
    service = shared_service
    current = _current(service)
    document = current["document"] | {"claims_at_once": 8}
    body = {"base_version": current["version"], "document": document, "note": "Eight at once."}
    body["previewed"] = previewed(service.admin, document)
    assert service.admin("POST", "/v1/policies", body).status_code == 201
    refused = service.admin("POST", "/v1/policies", body | {"note": "Once more."})
    assert (refused.status_code, refused.json()["code"]) == (409, "policy.superseded")
