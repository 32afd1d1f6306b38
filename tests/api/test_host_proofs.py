"""Proofs of hosts over HTTP: beginning one, its challenge and places, checks, and removing it."""

from typing import Any
from uuid import UUID

import pytest

from tests.api.running import Service
from workflow.access.host_proofs import MAX_HOSTS


@pytest.fixture
def path(shared_service: Service) -> str:
    """The path of the company's proofs, of which there are none."""
    path = f"/v1/organizations/{shared_service.people.partner.organization_id}/host-proofs"
    for proof in shared_service.partner("GET", f"{path}?limit=100").json()["items"]:
        assert shared_service.partner("DELETE", f"{path}/{proof['id']}").status_code == 204
    return path


def _begun(service: Service, path: str, host: str) -> dict[str, Any]:
    answer = service.partner("POST", path, {"host": host})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_proof_says_what_to_publish_and_where(shared_service: Service, path: str) -> None:
    proof = _begun(shared_service, path, "Hooks.Acme.App")
    assert proof["challenge"].startswith("devcenter-challenge=")
    assert proof | {"id": "", "challenge": "", "expires_at": ""} == {
        "id": "",
        "host": "hooks.acme.app",
        "state": "open",
        "challenge": "",
        "page_url": "https://hooks.acme.app/.well-known/devcenter-challenge",
        "record_name": "_devcenter-challenge.hooks.acme.app",
        "under_way": False,
        "findings": [],
        "checked_at": None,
        "proved_at": None,
        "found_in": None,
        "expires_at": "",
    }
    assert _begun(shared_service, path, "hooks.acme.app.") == proof, "it has begun already"
    assert shared_service.reviewer("GET", path).json()["items"] == [proof]


def test_a_check_is_asked_for_once(shared_service: Service, path: str) -> None:
    proof = _begun(shared_service, path, "hooks.acme.app")
    checks = f"{path}/{proof['id']}/checks"
    first = shared_service.partner("POST", checks, Idempotency_Key="check-1")
    assert (first.status_code, first.json()["under_way"]) == (202, True)
    assert shared_service.partner("POST", checks, Idempotency_Key="check-1").json() == first.json()
    again = shared_service.partner("POST", checks)
    assert (again.status_code, again.json()["code"]) == (409, "host_proof.under_way")
    assert shared_service.partner("DELETE", f"{path}/{proof['id']}").status_code == 204
    assert shared_service.partner("POST", checks).json()["code"] == "host_proof.not_found"


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("hooks.acme.example", 409, "host_proof.not_needed"),
        ("127.0.0.1", 422, "host.invalid"),
        ("[::1]", 422, "host.invalid"),
        ("0x7f.1", 422, "host.invalid"),
        ("github.io", 422, "host.invalid"),
        ("https://hooks.acme.app", 422, "host.invalid"),
        ("hooks.acme.app:8443", 422, "host.invalid"),
        ("a" * 64 + ".app", 422, "host.invalid"),
        ("", 422, "request.invalid"),
        ("a b.app", 422, "host.invalid"),
        ("x" * 301, 422, "request.invalid"),
    ],
)
def test_what_needs_no_proof_or_cannot_have_one_is_refused(
    shared_service: Service, path: str, host: str, status: int, code: str
) -> None:
    answer = shared_service.partner("POST", path, {"host": host})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["remedy"]


def test_a_company_has_a_bounded_number_of_proofs(shared_service: Service, path: str) -> None:
    for number in range(MAX_HOSTS):
        _begun(shared_service, path, f"hooks-{number}.acme.app")
    more = shared_service.partner("POST", path, {"host": "one-more.acme.app"})
    assert (more.status_code, more.json()["code"]) == (409, "host_proof.too_many")
    assert _begun(shared_service, path, "hooks-0.acme.app")["state"] == "open", "one that is there stays"


def test_each_company_has_its_own_challenge_and_sees_no_other(shared_service: Service, path: str) -> None:
    proof = _begun(shared_service, path, "shared.acme.app")
    other = path.replace(str(shared_service.people.partner.organization_id), str(UUID(int=7)))
    assert shared_service.partner("GET", other).status_code == 404
    assert shared_service.partner("POST", other, {"host": "shared.acme.app"}).status_code == 404
    assert shared_service.partner("DELETE", f"{other}/{proof['id']}").status_code == 404
