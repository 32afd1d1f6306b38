"""What changes about partners over HTTP: companies' names and domains, people's addresses, and their own tokens."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.access import ask, body_of, code_for, colleague_in, company_in, prove
from tests.api.running import Service
from tests.api.service import Caller
from workflow.access.proofs import prune_proofs


def test_an_owner_renames_the_company_and_a_colleague_may_not(shared_service: Service) -> None:
    organization_id, _, owner = company_in(shared_service, "renamed")
    path = f"/v1/organizations/{organization_id}"
    _, olga = colleague_in(shared_service, owner, organization_id, "olga@renamed.example")
    assert olga("PATCH", path, {"name": "Olga's"}).json()["code"] == "owner.required"
    assert owner("PATCH", path, {"name": "Renamed Ltd"}).json()["name"] == "Renamed Ltd"
    assert [one["name"] for one in olga("GET", "/v1/organizations").json()["items"]] == ["Renamed Ltd"]


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("evil.example", True),
        ("Your account is locked. Visit evil。example", True),
        ("evil.own-name.example.com", True),
        ("Own-Name.example", False),
        ("own-name.example Ltd.", False),
        ("Node.js Partners", False),
    ],
)
def test_a_company_is_renamed_to_no_domain_but_its_own(shared_service: Service, name: str, is_refused: bool) -> None:
    company = "own-name"
    with Session(shared_service.engine) as session:
        known = session.scalars(text("SELECT id FROM organization WHERE domain = 'own-name.example'")).one_or_none()
    organization_id = known or company_in(shared_service, company)[0]
    answer = shared_service.admin("PATCH", f"/v1/organizations/{organization_id}", {"name": name})
    assert (answer.status_code, answer.json().get("code")) == (
        (422, "name.other_domain") if is_refused else (200, None)
    )


def test_an_admin_moves_a_companys_domain_and_colleagues_are_recognised_by_the_new_one(
    shared_service: Service,
) -> None:
    organization_id, _, owner = company_in(shared_service, "moving")
    company_in(shared_service, "settled")
    path = f"/v1/organizations/{organization_id}/website"
    assert owner("PUT", path, {"website": "https://moved.example"}).status_code == 403
    for website, code in (
        ("https://settled.example", "organization.domain_taken"),
        ("https://github.com/moving", "website.shared"),
        ("https://moving.netlify.app", "website.shared"),
        ("https://10.0.0.1", "website.invalid"),
    ):
        refused = shared_service.admin("PUT", path, {"website": website})
        assert (refused.json()["code"], bool(refused.json()["remedy"])) == (code, True)
    moved = shared_service.admin("PUT", path, {"website": "https://www.moved.example/"}).json()
    assert (moved["domain"], moved["website"]) == ("moved.example", "https://www.moved.example/")
    assert ask(shared_service, body_of("moved", "late"))["joined"]
    assert not ask(shared_service, body_of("moving", "later"))["joined"]


def test_a_new_address_is_proved_before_it_is_used_and_the_old_one_is_told(shared_service: Service) -> None:
    _, _, owner = company_in(shared_service, "readdressed")
    asked = owner("POST", "/v1/me/address", {"email": "pat@new-address.example"})
    assert (asked.status_code, asked.json()["email"]) == (202, "pat@new-address.example")
    assert owner("GET", "/v1/me").json()["email"] == "pat@readdressed.example"
    assert prove(shared_service, "pat@new-address.example").json()["purpose"] == "address"
    assert owner("GET", "/v1/me").json()["email"] == "pat@new-address.example"
    with Session(shared_service.engine) as session:
        told = text("SELECT recipient_email FROM notification WHERE kind = 'address_changed'")
        assert "pat@readdressed.example" in session.scalars(told).all()


def test_an_address_of_somebody_else_is_refused_only_to_whoever_proves_it(shared_service: Service) -> None:
    _, _, owner = company_in(shared_service, "first-there")
    _, _, other = company_in(shared_service, "second-there")
    asked = other("POST", "/v1/me/address", {"email": "pat@first-there.example"})
    free = other("POST", "/v1/me/address", {"email": "pat@free.example"})
    assert (asked.status_code, free.status_code) == (202, 202)
    assert asked.json().keys() == free.json().keys()
    refused = prove(shared_service, "pat@first-there.example")
    assert (refused.status_code, refused.json()["code"]) == (409, "person.email_taken")
    assert owner("GET", "/v1/me").json()["email"] == "pat@first-there.example"


def test_partners_list_make_and_revoke_their_own_tokens(shared_service: Service) -> None:
    organization_id, person_id, owner = company_in(shared_service, "own-tokens")
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@own-tokens.example")
    made = owner("POST", "/v1/tokens", {"label": "ci"}).json()
    assert Caller(shared_service.url, made["token"])("GET", "/v1/me").json()["id"] == person_id
    listed = owner("GET", f"/v1/tokens?person_id={olga_id}").json()["items"]
    assert {one["person_id"] for one in listed} == {person_id}
    assert [one["label"] for one in listed] == ["ci", "first token"]
    (olgas,) = olga("GET", "/v1/tokens").json()["items"]
    assert owner("DELETE", f"/v1/tokens/{olgas['id']}").status_code == 404
    for body in ({"person_id": olga_id}, {"service": "usage"}):
        assert owner("POST", "/v1/tokens", {"label": "x", **body}).json()["code"] == "token.not_own"
    beyond = owner("POST", "/v1/tokens", {"label": "x", "scopes": ["admin"]})
    assert beyond.json()["code"] == "token.scope_beyond_role"
    assert owner("POST", "/v1/tokens", {"label": "x", "expires_in_days": 3650}).json()["code"] == "token.too_long"
    assert owner("DELETE", f"/v1/tokens/{made['id']}").status_code == 204
    assert Caller(shared_service.url, made["token"])("GET", "/v1/me").json()["code"] == "token.revoked"


def test_a_narrowed_token_makes_none_that_may_do_more(shared_service: Service) -> None:
    _, _, owner = company_in(shared_service, "narrowed")
    narrow = {"label": "narrow", "scopes": ["people:manage"]}
    holder = Caller(shared_service.url, owner("POST", "/v1/tokens", narrow).json()["token"])
    wider = holder("POST", "/v1/tokens", {"label": "wide", "scopes": ["people:manage", "apps:write"]})
    assert (wider.status_code, wider.json()["code"]) == (422, "token.scope_beyond_own")
    assert holder("POST", "/v1/tokens", {"label": "all"}).json()["scopes"] == ["people:manage"]
    reading = owner("POST", "/v1/tokens", {"label": "reading", "scopes": ["apps:read"]}).json()
    refused = Caller(shared_service.url, reading["token"])("POST", "/v1/tokens", {"label": "x"})
    assert refused.json()["code"] == "scope.missing"


def test_a_person_has_a_bounded_number_of_tokens(shared_service: Service) -> None:
    _, _, owner = company_in(shared_service, "many-tokens")
    codes = [owner("POST", "/v1/tokens", {"label": f"t{number}"}).json().get("code") for number in range(20)]
    assert codes == [None] * 19 + ["token.too_many"]
    assert owner("POST", "/v1/token-recoveries", {"email": "pat@many-tokens.example"}).status_code == 202
    token = prove(shared_service, "pat@many-tokens.example").json()["token"]
    recovered = Caller(shared_service.url, token)
    states = [one["state"] for one in recovered("GET", "/v1/tokens").json()["items"]]
    assert (states.count("valid"), states.count("revoked")) == (20, 1)


def test_asking_for_a_lost_token_is_answered_alike_for_everybody_and_mails_are_bounded(
    shared_service: Service,
) -> None:
    company_in(shared_service, "forgetful")
    answers = [
        shared_service.nobody("POST", "/v1/token-recoveries", {"email": email})
        for email in [*["pat@forgetful.example"] * 6, "nobody@forgetful.example", "rae@acme.example.platform.example"]
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    with Session(shared_service.engine) as session:
        mails = text("SELECT count(*) FROM notification WHERE kind = 'token_proof' AND recipient_email LIKE :like")
        assert session.execute(mails, {"like": "%@forgetful.example"}).scalar_one() == 3
        assert session.execute(mails, {"like": "rae@%"}).scalar_one() == 0
    code = code_for(shared_service.engine, "pat@forgetful.example")
    first = shared_service.nobody("POST", f"/v1/proofs/{code}", None, Idempotency_Key="forgetful").json()["token"]
    again = shared_service.nobody("POST", f"/v1/proofs/{code}", None, Idempotency_Key="forgetful").json()["token"]
    assert first == again
    assert shared_service.nobody("POST", f"/v1/proofs/{code}").json()["code"] == "proof.used"


@pytest.mark.parametrize(
    "spellings",
    [
        ["out@same.example"],
        ["olga+1@tags.example", "olga+2@tags.example", "OLGA@tags.example"],
        ["in.vited@gmail.com", "invited@googlemail.com", "i.nvited+x@gmail.com"],
    ],
)
def test_an_owner_sends_one_outsider_few_invitations_a_day(shared_service: Service, spellings: list[str]) -> None:
    company = f"inviting-{spellings[0].partition('@')[0].strip('+1').replace('.', '')}"
    organization_id, _, owner = company_in(shared_service, company)
    path = f"/v1/organizations/{organization_id}/invitations"
    bodies = [{"name": "Olga", "email": email} for email in (spellings * 12)[:12]]
    answers = [owner("POST", path, body) for body in bodies]
    assert [answer.status_code for answer in answers] == [201] * 5 + [409] * 7
    assert answers[-1].json()["code"] == "mail.too_many"
    assert answers[-1].json()["remedy"]


def test_a_link_that_ended_says_so_and_what_was_asked_with_it_is_deleted(shared_service: Service) -> None:
    shared_service.nobody("POST", "/v1/access-requests", body_of("late-proof"))
    code = code_for(shared_service.engine, "pat@late-proof.example")
    with Session(shared_service.engine) as session, session.begin():
        session.execute(text("UPDATE address_proof SET expires_at = now() - interval '1 hour' WHERE proved_at IS NULL"))
    late = shared_service.nobody("POST", f"/v1/proofs/{code}")
    assert (late.status_code, late.json()["code"]) == (409, "proof.expired")
    with Session(shared_service.engine) as session, session.begin():
        session.execute(text("UPDATE address_proof SET expires_at = now() - interval '2 days' WHERE proved_at IS NULL"))
        now = session.execute(text("SELECT now()")).scalar_one()
        assert prune_proofs(session, now, limit=100) >= 1
        assert prune_proofs(session, now, limit=100) == 0
    assert shared_service.nobody("GET", f"/v1/proofs/{code}").json()["code"] == "proof.not_found"


def test_everybody_chooses_the_time_zone_in_which_they_read_times(shared_service: Service) -> None:
    service = shared_service
    for person in (service.partner, service.reviewer, service.admin):
        assert person("GET", "/v1/me").json()["time_zone"] is None
        for name in ("Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", None):
            chosen = person("PUT", "/v1/me/time-zone", {"time_zone": name})
            assert (chosen.status_code, chosen.json()) == (200, {"time_zone": name})
            assert person("GET", "/v1/me").json()["time_zone"] == name
        for name in ("Europe/Nowhere", "Europe", "a/" * 31 + "a", "localtime", "Factory", "right/Europe/Berlin"):
            assert person("PUT", "/v1/me/time-zone", {"time_zone": name}).json()["code"] == "time_zone.unknown"
        for name in ("../../etc/passwd", "/etc/localtime", "", "x" * 65, "Europe/Berlin\n"):
            assert person("PUT", "/v1/me/time-zone", {"time_zone": name}).json()["code"] == "request.invalid"
