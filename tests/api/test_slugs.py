"""Slugs that look like others: refused to everybody, unless an admin allowed them to the company."""

import pytest

from tests.api.running import Service
from tests.journeys import people_in, token_of


def _create(service: Service, slug: str) -> tuple[int, dict[str, str]]:
    answer = service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme"})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("taken", "wanted", "code"),
    [
        (None, "mall", "slug.reserved"),
        ("modem-io", "modern-io", "slug.confusable"),
        ("stern", "stem", "slug.confusable"),
    ],
)
def test_a_slug_that_looks_like_another_is_refused_with_the_way_out_and_the_way_works(
    shared_service: Service, taken: str | None, wanted: str, code: str
) -> None:
    if taken:
        assert _create(shared_service, taken)[0] == 201
    status, refusal = _create(shared_service, wanted)
    assert (status, refusal["code"]) == (409, code)
    assert f"PUT /v1/allowed-slugs/{wanted}" in refusal["remedy"]
    path = f"/v1/allowed-slugs/{wanted}"
    company = {"organization_id": str(shared_service.people.partner.organization_id)}
    assert shared_service.admin("PUT", path, company).status_code == 200
    assert _create(shared_service, wanted)[0] == 201
    entry = shared_service.admin("GET", "/v1/audit?action=slug.allow").json()["items"][0]
    assert (entry["target"], entry["detail"]["organization"]) == (wanted, company["organization_id"])
    assert _create(shared_service, wanted)[1]["code"] == "slug.taken"


def test_what_was_allowed_to_one_company_is_refused_to_others_and_can_be_taken_back(shared_service: Service) -> None:
    other = people_in(shared_service.engine, "Other")
    company = {"organization_id": str(other.partner.organization_id)}
    assert shared_service.admin("PUT", "/v1/allowed-slugs/rnail", company).status_code == 200
    assert _create(shared_service, "rnail")[0] == 409
    listed = shared_service.admin("GET", "/v1/allowed-slugs").json()["items"]
    assert "rnail" in [one["slug"] for one in listed]
    for organization_id, allowed in ((other.partner.organization_id, ["rnail"]), (other.admin.id, [])):
        path = f"/v1/allowed-slugs?organization_id={organization_id}"
        assert [one["slug"] for one in shared_service.admin("GET", path).json()["items"]] == allowed
    assert shared_service.admin("DELETE", "/v1/allowed-slugs/rnail").status_code == 204
    assert shared_service.admin("DELETE", "/v1/allowed-slugs/rnail").status_code == 404
    theirs = f"Bearer {token_of(shared_service.engine, other.partner)}"
    answer = shared_service.nobody("POST", "/v1/apps", {"slug": "rnail", "name": "Theirs"}, Authorization=theirs)
    assert (answer.status_code, answer.json()["code"]) == (409, "slug.reserved")


def test_a_slug_that_is_reserved_or_taken_as_it_is_can_be_allowed_to_nobody(shared_service: Service) -> None:
    assert _create(shared_service, "occupied")[0] == 201
    company = {"organization_id": str(shared_service.people.partner.organization_id)}
    for slug, code in (("mail", "slug.reserved"), ("segment", "slug.reserved"), ("occupied", "slug.taken")):
        refused = shared_service.admin("PUT", f"/v1/allowed-slugs/{slug}", company)
        assert (refused.status_code, refused.json()["code"]) == (409, code)
        assert "allowed-slugs" not in _create(shared_service, slug)[1]["remedy"]
