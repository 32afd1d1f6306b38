"""The people of a company over HTTP: its owner invites and removes them, and removed people's tokens stop at once."""

from tests.api.access import code_for, colleague_in, company_in, told
from tests.api.running import Service


def test_people_of_another_company_are_not_found(shared_service: Service) -> None:
    organization_id, person_id, _ = company_in(shared_service, "hidden")
    path = f"/v1/organizations/{organization_id}"
    stranger = shared_service.partner
    new = {"name": "Eve", "email": "eve@acme.example"}
    for answer in (
        stranger("GET", f"{path}/people"),
        stranger("GET", f"{path}/invitations"),
        stranger("POST", f"{path}/invitations", new),
        stranger("DELETE", f"{path}/people/{person_id}"),
        stranger("DELETE", f"{path}/invitations/{person_id}"),
        stranger("PUT", f"{path}/owner", {"person_id": person_id}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "organization.not_found")
    for caller in (shared_service.reviewer, shared_service.admin):
        people = caller("GET", f"{path}/people").json()["items"]
        assert [(person["email"], person["owner"]) for person in people] == [("pat@hidden.example", True)]
    assert shared_service.reviewer("POST", f"{path}/invitations", new).status_code == 403


def test_only_the_owner_changes_the_people_and_anybody_else_may_leave(shared_service: Service) -> None:
    organization_id, owner_id, owner = company_in(shared_service, "owned")
    path = f"/v1/organizations/{organization_id}"
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@owned.example")
    refused = olga("POST", f"{path}/invitations", {"name": "Zoe", "email": "zoe@owned.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "owner.required")
    assert olga("DELETE", f"{path}/people/{owner_id}").json()["code"] == "owner.required"
    assert olga("PUT", f"{path}/owner", {"person_id": olga_id}).json()["code"] == "owner.required"
    assert olga("DELETE", f"{path}/people/{olga_id}").status_code == 204
    assert olga("GET", "/v1/organizations").status_code == 401


def test_a_removed_person_loses_tokens_and_invitations_at_once_and_is_told(shared_service: Service) -> None:
    organization_id, owner_id, owner = company_in(shared_service, "removed")
    path = f"/v1/organizations/{organization_id}"
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@removed.example")
    assert owner("PUT", f"{path}/owner", {"person_id": olga_id}).json()["owner"]
    assert olga("POST", f"{path}/invitations", {"name": "Zoe", "email": "zoe@removed.example"}).status_code == 201
    code = code_for(shared_service.engine, "zoe@removed.example")
    assert olga("PUT", f"{path}/owner", {"person_id": owner_id}).json()["owner"]
    assert owner("DELETE", f"{path}/people/{olga_id}").status_code == 204
    assert owner("DELETE", f"{path}/people/{olga_id}").status_code == 404
    assert olga("GET", f"{path}/people").status_code == 401
    assert shared_service.nobody("POST", f"/v1/invitations/{code}/accept").json()["code"] == "invitation.revoked"
    assert told(shared_service.engine, "person_removed", "removed") == ["olga@removed.example"]
    people = owner("GET", f"{path}/people").json()["items"]
    assert [person["email"] for person in people] == ["pat@removed.example"]


def test_the_owner_cannot_be_removed_before_a_transfer_of_which_both_are_told(shared_service: Service) -> None:
    organization_id, owner_id, owner = company_in(shared_service, "handed")
    path = f"/v1/organizations/{organization_id}"
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@handed.example")
    for caller in (owner, shared_service.admin):
        assert caller("DELETE", f"{path}/people/{owner_id}").json()["code"] == "owner.must_hand_over"
    assert owner("PUT", f"{path}/owner", {"person_id": organization_id}).status_code == 404
    assert owner("PUT", f"{path}/owner", {"person_id": olga_id}).status_code == 200
    people = olga("GET", f"{path}/people").json()["items"]
    assert [person["id"] for person in people if person["owner"]] == [olga_id]
    assert owner("PUT", f"{path}/owner", {"person_id": owner_id}).json()["code"] == "owner.required"
    assert told(shared_service.engine, "ownership_handed_over", "handed") == [
        "olga@handed.example",
        "pat@handed.example",
    ]
    assert olga("DELETE", f"{path}/people/{owner_id}").status_code == 204


def test_an_administrator_replaces_an_owner_who_is_gone(shared_service: Service) -> None:
    organization_id, _, owner = company_in(shared_service, "absent")
    olga_id, _ = colleague_in(shared_service, owner, organization_id, "olga@absent.example")
    answer = shared_service.admin("PUT", f"/v1/organizations/{organization_id}/owner", {"person_id": olga_id})
    assert (answer.status_code, answer.json()["owner"]) == (200, True)


def test_an_invitation_is_replaced_by_a_newer_one_and_can_be_revoked(shared_service: Service) -> None:
    organization_id, _, owner = company_in(shared_service, "invited")
    path = f"/v1/organizations/{organization_id}/invitations"
    new = {"name": "Olga", "email": "Olga@invited.example"}
    first = owner("POST", path, new, Idempotency_Key="a").json()
    assert owner("POST", path, new, Idempotency_Key="a").json() == first
    second = owner("POST", path, {**new, "email": "olga@invited.example"}).json()
    code = code_for(shared_service.engine, "olga@invited.example")
    assert owner("DELETE", f"{path}/{second['id']}").status_code == 204
    assert owner("DELETE", f"{path}/{second['id']}").status_code == 404
    assert shared_service.nobody("POST", f"/v1/invitations/{code}/accept").json()["code"] == "invitation.revoked"
    states = {one["id"]: one["state"] for one in owner("GET", path).json()["items"]}
    assert (states[first["id"]], states[second["id"]]) == ("revoked", "revoked")
    known = owner("POST", path, {"name": "Pat", "email": "PAT@invited.example"})
    assert (known.status_code, known.json()["code"]) == (409, "person.exists")


def test_organizations_are_found_by_name_domain_and_address(shared_service: Service) -> None:
    organization_id, _, _ = company_in(shared_service, "findable")
    for caller in (shared_service.reviewer, shared_service.admin):
        for search in ("INDABL", "findable.example", "pat%40findable.example"):
            found = caller("GET", f"/v1/organizations?search={search}").json()["items"]
            assert [one["id"] for one in found] == [organization_id], search
        assert caller("GET", "/v1/organizations?search=at%40findable.example").json()["items"] == []
        assert caller("GET", f"/v1/organizations/{organization_id}").json()["domain"] == "findable.example"
        assert caller("GET", f"/v1/apps?company={organization_id}").json()["items"] == []
    assert shared_service.partner("GET", "/v1/organizations?search=findable").json()["items"] == []
    hidden = shared_service.partner("GET", f"/v1/organizations/{organization_id}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "organization.not_found")
