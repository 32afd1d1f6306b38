"""Access requests over HTTP: who may see what, joined colleagues, the decision, and the mails that it sends."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.access import accept, ask, ask_only, body_of, code_for, colleague_in, company_in, decide, prove, told
from tests.api.running import Service
from tests.api.service import Caller, operators_of
from tests.waiting import wait_until


def test_a_request_is_seen_by_its_secret_and_by_reviewers_and_by_nobody_else(shared_service: Service) -> None:
    asked = ask(shared_service, body_of("seen"))
    path = f"/v1/access-requests/{asked['id']}"
    own = shared_service.nobody("GET", path, Request_Secret=asked["secret"]).json()
    assert own == {name: value for name, value in asked.items() if name != "secret"}
    assert (own["state"], own["joined"], own["website_check"]) == ("requested", False, "due")
    assert shared_service.nobody("GET", path, Request_Secret="wrong").status_code == 404
    assert shared_service.nobody("GET", path).status_code == 404
    assert shared_service.partner("GET", path).status_code == 403
    seen = shared_service.reviewer("GET", path).json()
    assert seen["survey"]["how_data_comes_in"] == "A library."
    assert (seen["domain"], seen["agreements"]) == ("seen.example", ["partner_agreement", "privacy_policy"])
    assert told(shared_service.engine, "new_access_request", "seen") == ["rae@acme.example.platform.example"]


def test_the_secret_and_the_code_are_stored_nowhere_in_plain_text(shared_service: Service) -> None:
    asked = ask(shared_service, body_of("sealed"), Idempotency_Key="sealed-1")
    decide(shared_service, asked["id"], "approve")
    code = code_for(shared_service.engine, "pat@sealed.example")
    token = accept(shared_service, "pat@sealed.example", Idempotency_Key="sealed-2")["token"]
    with Session(shared_service.engine) as session:
        tables = session.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        )
        for table in tables.all():
            rows = "\n".join(session.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t")))
            assert not [secret for secret in (asked["secret"], code, token) if secret in rows], table


@pytest.mark.parametrize(
    ("company", "email", "found"),
    [
        ("own-address", "pat@mail.own-address.example", []),
        ("free-address", "pat@gmail.com", ["mail.free", "mail.other_domain"]),
        ("thrown-away", "pat@mailinator.com", ["mail.disposable", "mail.other_domain"]),
        ("other-domain", "pat@elsewhere.co.uk", ["mail.other_domain"]),
    ],
)
def test_problems_with_an_address_are_found_at_once(
    shared_service: Service, company: str, email: str, found: list[str]
) -> None:
    asked = ask(shared_service, body_of(company, contact_email=email))
    assert [finding["code"] for finding in asked["findings"]] == found
    assert all(finding["detail"] and finding["remedy"] for finding in asked["findings"])


@pytest.mark.parametrize(
    "changed",
    [
        {"website": "https://127.0.0.1/"},
        {"website": "https://co.uk"},
        {"website": "https://user:pw@whole.example"},
        {"contact_email": "pat@localhost"},
        {"contact_email": "no address"},
        {"contact_email": f"{'a' * 65}@whole.example"},
        {"agreements": {"partner_agreement": True, "privacy_policy": False}},
        {"survey": {"how_data_comes_in": "A library."}},
        {"plan": {"use_case": "Something.", "component_kinds": []}},
    ],
)
def test_an_incomplete_request_is_refused(shared_service: Service, changed: dict[str, Any]) -> None:
    answer = shared_service.nobody("POST", "/v1/access-requests", body_of("whole", **changed))
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_blanks_around_an_address_are_none_of_it(shared_service: Service) -> None:
    asked = ask_only(shared_service, body_of("blanks", contact_email=" Pat@BLANKS.example\n"))
    assert asked["contact_email"] == "Pat@blanks.example"


def test_a_colleague_is_joined_to_the_open_request_and_is_invited_with_it(shared_service: Service) -> None:
    first = ask(shared_service, body_of("joined"))
    second = ask(shared_service, body_of("joined", "olga"))
    assert (second["id"], second["joined"]) == (first["id"], True)
    path = f"/v1/access-requests/{first['id']}"
    assert "pat" not in shared_service.nobody("GET", path, Request_Secret=second["secret"]).text
    again = ask(shared_service, body_of("joined", "olga"))
    assert (again["id"], again["joined"]) == (first["id"], True)
    assert shared_service.nobody("GET", path, Request_Secret=again["secret"]).json()["joined"]
    seen = decide(shared_service, first["id"], "approve").json()
    assert [contact["email"] for contact in seen["contacts"]] == ["olga@joined.example"]
    owner, colleague = accept(shared_service, "pat@joined.example"), accept(shared_service, "olga@joined.example")
    assert (owner["owner"], colleague["owner"]) == (True, False)
    assert owner["organization_id"] == colleague["organization_id"] == seen["organization_id"]


def test_a_stranger_who_names_the_same_website_is_not_joined(shared_service: Service) -> None:
    first = ask(shared_service, body_of("squatted"))
    stranger = ask(shared_service, body_of("squatted", "eve", contact_email="eve@strange.example"))
    assert (stranger["id"] == first["id"], stranger["joined"]) == (False, False)
    assert [finding["code"] for finding in stranger["findings"]] == ["mail.other_domain"]


def test_the_owner_of_a_partner_company_is_told_of_a_colleague_who_asks(shared_service: Service) -> None:
    company_in(shared_service, "inside")
    late = ask(shared_service, body_of("inside", "late"))
    assert (late["state"], late["joined"]) == ("approved", True)
    assert "owner was told of your request" in late["note"]
    assert told(shared_service.engine, "colleague_asked", "inside") == ["pat@inside.example"]
    with Session(shared_service.engine) as session:
        waiting = text("SELECT count(*) FROM invitation WHERE email = 'late@inside.example'")
        assert session.execute(waiting).scalar_one() == 0


def test_who_asks_to_join_is_told_to_whoever_owns_the_company_when_the_mail_is_sent(shared_service: Service) -> None:
    organization_id, person_id, owner = company_in(shared_service, "handed")
    olga_id, olga = colleague_in(shared_service, owner, organization_id, "olga@handed.example")
    ask(shared_service, body_of("handed", "zoe"))
    people = f"/v1/organizations/{organization_id}"
    assert owner("PUT", f"{people}/owner", {"person_id": olga_id}).status_code == 200
    assert olga("DELETE", f"{people}/people/{person_id}").status_code == 204
    assert told(shared_service.engine, "colleague_asked", "handed") == ["olga@handed.example"]


def test_a_declined_request_says_why_and_the_company_may_ask_again(shared_service: Service) -> None:
    asked = ask(shared_service, body_of("declined"))
    assert decide(shared_service, asked["id"], "decline").json()["code"] == "reason.missing"
    assert decide(shared_service, asked["id"], "decline", "Not a service.").json()["state"] == "declined"
    refused = decide(shared_service, asked["id"], "approve")
    assert (refused.status_code, refused.json()["unmet"][0]["code"]) == (409, "state.allows")
    path = f"/v1/access-requests/{asked['id']}"
    own = shared_service.nobody("GET", path, Request_Secret=asked["secret"]).json()
    assert (own["decision_reason"], own["website_check"]) == ("Not a service.", "void")
    assert told(shared_service.engine, "access_declined", "declined") == ["pat@declined.example"]
    assert ask(shared_service, body_of("declined"))["id"] != asked["id"]


def test_only_reviewers_decide(shared_service: Service) -> None:
    path = f"/v1/access-requests/{ask(shared_service, body_of('undecided'))['id']}/decision"
    for caller, status in ((shared_service.nobody, 401), (shared_service.partner, 403), (shared_service.service, 403)):
        assert caller("POST", path, {"decision": "approve"}).status_code == status
    assert shared_service.admin("POST", path, {"decision": "approve"}).status_code == 200


def test_a_repeated_call_gives_the_same_secret_and_another_body_is_refused(shared_service: Service) -> None:
    first = ask(shared_service, body_of("repeated"), Idempotency_Key="once")
    assert ask(shared_service, body_of("repeated"), Idempotency_Key="once") == first
    other = body_of("repeated", company_name="Another")
    answer = shared_service.nobody("POST", "/v1/access-requests", other, Idempotency_Key="once")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.mismatch")


def test_proved_requests_are_limited_by_mail_domain_and_for_free_mail_by_address(shared_service: Service) -> None:
    for number in range(5):
        ask(shared_service, body_of("often", f"person-{number}"))
    ask_only(shared_service, body_of("often", "one-more"))
    answer = prove(shared_service, "one-more@often.example")
    assert (answer.status_code, answer.json()["code"]) == (409, "access.too_many")
    for number in range(6):
        ask(shared_service, body_of(f"free-{number}", contact_email=f"person{number}@gmail.com"))


def test_proved_requests_from_names_under_a_free_suffix_are_limited_together(shared_service: Service) -> None:
    for number in range(5):
        ask(shared_service, body_of(f"dyn-{number}", contact_email=f"pat@dyn{number}.duckdns.org"))
    ask_only(shared_service, body_of("dyn-6", contact_email="pat@dyn6.duckdns.org"))
    assert prove(shared_service, "pat@dyn6.duckdns.org").json()["code"] == "access.too_many"


def test_unproved_requests_use_up_no_count_join_nothing_and_are_seen_by_nobody(shared_service: Service) -> None:
    unproved = [ask_only(shared_service, body_of("bigco", f"x{n}", company_name="Buy evil now")) for n in range(5)]
    real = ask(shared_service, body_of("bigco", "real"))
    assert (real["joined"], real["company_name"], real["state"]) == (False, "bigco", "requested")
    listed = shared_service.reviewer("GET", "/v1/access-requests?limit=200").json()["items"]
    assert [one["contact_email"] for one in listed if one["domain"] == "bigco.example"] == ["real@bigco.example"]
    for one in unproved:
        path = f"/v1/access-requests/{one['id']}"
        assert shared_service.reviewer("GET", path).status_code == 404
        assert shared_service.nobody("GET", path, Request_Secret=one["secret"]).json()["state"] == "unproved"
    assert not told(shared_service.engine, "new_access_request", "Buy evil now")
    with Session(shared_service.engine) as session:
        mails = text("SELECT data::text FROM notification WHERE recipient_email LIKE '%@bigco.example'")
        assert not [data for data in session.scalars(mails) if "evil" in data]
        noted = text("SELECT count(*) FROM audit_entry WHERE target = ANY(:ids)")
        assert session.execute(noted, {"ids": [one["id"] for one in unproved]}).scalar_one() == 0


def test_asking_is_answered_alike_whether_or_not_the_company_takes_part(shared_service: Service) -> None:
    company_in(shared_service, "member")
    declined = ask(shared_service, body_of("refused"))
    assert decide(shared_service, declined["id"], "decline", "Not a service.").status_code == 200
    ask(shared_service, body_of("pending"))
    answers = []
    for company in ("member", "refused", "pending", "unknown"):
        for contact in ("pat", "new"):
            given = ask_only(shared_service, body_of(company, contact))
            path = f"/v1/access-requests/{given['id']}"
            seen = shared_service.nobody("GET", path, Request_Secret=given["secret"]).json()
            assert seen == {name: value for name, value in given.items() if name != "secret"}
            varying = ("id", "secret", "requested_at", "prove_by", "company_name", "contact_email")
            answers.append({name: value for name, value in given.items() if name not in varying})
    assert all(answer == answers[0] for answer in answers)
    assert (answers[0]["state"], answers[0]["due_at"], answers[0]["decision_reason"]) == ("unproved", None, None)


@pytest.mark.parametrize(
    "addresses",
    [
        ["paula+1@gmail.com", "paula+2@gmail.com", "pau.la@gmail.com", "P.A.U.L.A@googlemail.com"],
        ["olga+a@tagged.example", "olga+b@tagged.example", "OLGA@tagged.example"],
        ["zoe-1@yahoo.com", "zoe-2@yahoo.com", "zoe@yahoo.com"],
        ["ira@proton.me", "i.ra@protonmail.com", "i-r_a@pm.me"],
        ["uma@fastmail.com", "shop@uma.fastmail.com", "uma+x@fastmail.com"],
    ],
)
def test_all_spellings_of_one_mailbox_are_counted_together(shared_service: Service, addresses: list[str]) -> None:
    bodies = [body_of("mailbox", contact_email=email) for email in (addresses * 3)[:7]]
    answers = [shared_service.nobody("POST", "/v1/access-requests", body) for body in bodies]
    assert [answer.status_code for answer in answers] == [201] * 5 + [409] * 2


@pytest.mark.parametrize(
    "website",
    [
        *("https://my_shop.acme-web.com", "https://v2--acme.netlify.app", "https://ab--cd.com", "https://i\u2764.ws"),
        *(
            "https://www.b\u00fccher-shop.de/\u00fcber",
            "HTTPS://WWW.Upper-Case.COM",
            "https://with-port.com:8443/a?b#c",
        ),
        *("https://dot-at-end.com.", "without-scheme.com", "https://xn--bcher-kva.example", "https://fa\u00df.de"),
    ],
)
def test_what_browsers_open_is_a_website(shared_service: Service, website: str) -> None:
    body = body_of("opened", contact_email=f"pat{len(website)}{ord(website[-1])}@opened.example", website=website)
    answer = shared_service.nobody("POST", "/v1/access-requests", body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "website",
    [
        *(
            "https://0x7f.1",
            "https://2130706433",
            "https://[::1]",
            "https://acme..com",
            "https://co.uk",
            "javascript:a",
        ),
        *("https://a:b@acme.com", "https://acme.com:99999", "https://localhost", "https://\u0661.com", "https:///"),
    ],
)
def test_what_is_no_companys_website_is_refused_with_words(shared_service: Service, website: str) -> None:
    answer = shared_service.nobody("POST", "/v1/access-requests", body_of("closed", website=website))
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert answer.json()["remedy"]


def test_companies_at_a_shared_host_are_strangers_to_each_other(shared_service: Service) -> None:
    for name, email in (("acme-tools", "a@acme-tools.dev"), ("other-co", "b@other-co.io")):
        asked = ask(shared_service, body_of(name, website=f"https://github.com/{name}", contact_email=email))
        assert [one["code"] for one in asked["findings"]] == ["website.shared"]
        assert decide(shared_service, asked["id"], "approve").status_code == 200
    third = ask(shared_service, body_of("c", website="https://github.com/c", contact_email="someone@github.com"))
    assert (third["joined"], third["state"]) == (False, "requested")
    with Session(shared_service.engine) as session:
        domains = text("SELECT domain FROM organization WHERE name IN ('acme-tools', 'other-co')")
        assert session.scalars(domains).all() == [None, None]


def test_reviewers_list_requests_by_state_a_page_at_a_time(shared_service: Service) -> None:
    ids = [ask(shared_service, body_of(f"listed-{number}"))["id"] for number in range(3)]
    seen: list[str] = []
    after = ""
    while True:
        page = shared_service.reviewer("GET", f"/v1/access-requests?state=requested&limit=2{after}").json()
        seen += [item["id"] for item in page["items"]]
        assert {item["state"] for item in page["items"]} <= {"requested"}
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [one for one in seen if one in ids] == ids
    assert len(seen) == len(set(seen))


def test_a_dead_website_check_is_listed_counted_and_replayed(shared_service: Service) -> None:
    asked = ask(shared_service, body_of("unchecked"))
    with Session(shared_service.engine) as session, session.begin():
        die = text("UPDATE website_check SET status = 'dead', last_error = 'it broke' WHERE access_request_id = :id")
        session.execute(die, {"id": asked["id"]})
    dead = shared_service.admin("GET", "/v1/dead/website_check").json()["items"]
    assert [row["error"] for row in dead] == ["it broke"]
    counted = 'devcenter_dead_rows{kind="website_check"} 1.0'
    wait_until(lambda: counted in operators_of(shared_service.url)("GET", "/metrics").text, what="the metric")
    assert shared_service.admin("POST", f"/v1/dead/website_check/{dead[0]['id']}/replay").status_code == 200
    path = f"/v1/access-requests/{asked['id']}"
    assert shared_service.reviewer("GET", path).json()["website_check"] == "due"


def test_an_invitation_works_once_and_gives_a_token_that_works(shared_service: Service) -> None:
    organization_id, _, owner = company_in(shared_service, "once")
    assert [one["id"] for one in owner("GET", "/v1/organizations").json()["items"]] == [organization_id]
    assert owner("POST", "/v1/apps", {"slug": "once-app", "name": "Once"}).status_code == 201
    code = code_for(shared_service.engine, "pat@once.example")
    again = shared_service.nobody("POST", f"/v1/invitations/{code}/accept")
    assert (again.status_code, again.json()["code"]) == (409, "invitation.used")
    assert shared_service.nobody("POST", "/v1/invitations/unknown/accept").status_code == 404


def test_a_reviewer_reissues_an_expired_invitation_and_the_old_code_stops_working(shared_service: Service) -> None:
    asked = ask(shared_service, body_of("expired"))
    invitation = decide(shared_service, asked["id"], "approve").json()["invitations"][0]
    old = code_for(shared_service.engine, "pat@expired.example")
    with Session(shared_service.engine) as session, session.begin():
        expire = text("UPDATE invitation SET expires_at = now() WHERE id = :id")
        session.execute(expire, {"id": invitation["id"]})
    late = shared_service.nobody("POST", f"/v1/invitations/{old}/accept")
    assert (late.status_code, late.json()["code"]) == (409, "invitation.expired")
    path = f"/v1/invitations/{invitation['id']}/reissue"
    assert shared_service.partner("POST", path).status_code == 403
    assert shared_service.reviewer("POST", path).json()["state"] == "open"
    assert shared_service.reviewer("POST", path).json()["code"] == "invitation.revoked"
    assert shared_service.nobody("POST", f"/v1/invitations/{old}/accept").json()["code"] == "invitation.revoked"
    assert accept(shared_service, "pat@expired.example")["owner"]


def test_an_address_of_another_partner_company_cannot_accept(shared_service: Service) -> None:
    _, _, owner = company_in(shared_service, "elsewhere")
    organization_id = owner("GET", "/v1/organizations").json()["items"][0]["id"]
    email = "pat@acme.example"
    sent = owner("POST", f"/v1/organizations/{organization_id}/invitations", {"name": "Pat", "email": email})
    assert sent.status_code == 201
    code = code_for(shared_service.engine, email)
    answer = Caller(shared_service.url)("POST", f"/v1/invitations/{code}/accept")
    assert (answer.status_code, answer.json()["code"]) == (409, "person.email_taken")
