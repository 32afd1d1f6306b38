"""A company's page: its owner renames it, invites, removes and hands over; others see it and may leave."""

from tests.api.access import code_for, colleague_in, company_in
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import Browser, signed_in_person


def owner_of(service: Service, company: str) -> tuple[str, Browser]:
    """Returns the id of a new company, and the browser of its owner."""
    organization_id, person_id, _ = company_in(service, company)
    return organization_id, signed_in_person(service, person_id)


def forms_of(page: Page, ending: str) -> list[str]:
    """Returns the addresses of the page's forms that end so."""
    return [str(one) for one in page.tree.xpath("//main//form/@action") if str(one).endswith(ending)]


def test_the_owner_renames_the_company_and_a_wrong_name_is_kept(shared_service: Service) -> None:
    _, browser = owner_of(shared_service, "renamed")
    assert browser.post("/company/name", name="Renamed Analytics").status_code == 303
    assert browser.open("/company").heading == "Renamed Analytics"
    refused = Page("/company", browser.post("/company/name", name="\u202eevil"))
    assert refused.answer.status_code == 422
    assert refused.tree.xpath("//input[@name='name']/@aria-invalid") == ["true"]
    assert browser.open("/company").heading == "Renamed Analytics"


def test_the_owner_invites_sends_again_and_withdraws(shared_service: Service) -> None:
    _, browser = owner_of(shared_service, "inviting")
    page = browser.open("/company")
    assert "You are the only one." in page.words
    (form,) = page.tree.xpath("//form[@action='/company/invitations']")
    fields = dict(form.form_values()) | {"person": "Olga Nowak", "email": "olga@inviting.example"}
    for _ in range(2):
        assert browser.post("/company/invitations", **fields).status_code == 303
    first = code_for(shared_service.engine, "olga@inviting.example")
    page = browser.open("/company")
    (again,) = forms_of(page, "/again")
    assert browser.post(again, key="a-key-of-this-button").status_code == 303
    second = code_for(shared_service.engine, "olga@inviting.example")
    assert first != second
    page = browser.open("/company")
    assert len(forms_of(page, "/again")) == 1, "the one that was replaced is not shown"
    (withdraw,) = forms_of(page, "/withdraw")
    assert browser.post(withdraw).status_code == 303
    assert browser.post(withdraw).status_code == 404
    assert "withdrawn" in browser.open("/company").words
    refused = shared_service.nobody("POST", f"/v1/invitations/{second}/accept")
    assert refused.json()["code"] == "invitation.revoked"


def test_an_invitation_that_is_refused_says_why_and_keeps_what_was_typed(shared_service: Service) -> None:
    _, browser = owner_of(shared_service, "refusing")
    wrong = Page("/company", browser.post("/company/invitations", person="Olga", email="nobody"))
    assert wrong.tree.xpath("//input[@id='email']/@value") == ["nobody"]
    assert wrong.tree.xpath("//*[@id='email-error']")
    known = Page("/company", browser.post("/company/invitations", person="Pat", email="pat@refusing.example"))
    assert "already belongs" in known.words


def test_only_the_owner_has_buttons_and_a_colleague_may_leave(shared_service: Service) -> None:
    organization_id, owner_id, caller = company_in(shared_service, "leaving")
    olga_id, _ = colleague_in(shared_service, caller, organization_id, "olga@leaving.example")
    olga = signed_in_person(shared_service, olga_id)
    page = olga.open("/company")
    assert page.tree.xpath("//main//form") == []
    assert "Only the owner, Pat, invites and removes people." in page.words
    assert olga.open(f"/company/people/{owner_id}").tree.xpath("//main//form") == []
    refused = Page("/company", olga.post(f"/company/people/{owner_id}/remove"))
    assert (refused.answer.status_code, "Only the owner, Pat" in refused.words) == (403, True)
    left = olga.post(f"/company/people/{olga_id}/remove")
    assert left.headers["Location"] == "/"
    assert olga.open("/company").heading == "Sign in"


def test_the_owner_hands_over_and_can_then_be_removed(shared_service: Service) -> None:
    organization_id, owner_id, caller = company_in(shared_service, "handing")
    olga_id, _ = colleague_in(shared_service, caller, organization_id, "olga@handing.example")
    owner = signed_in_person(shared_service, owner_id)
    olga = signed_in_person(shared_service, olga_id)
    assert "hand it over to a colleague first" in owner.open(f"/company/people/{owner_id}").words
    page = owner.open(f"/company/people/{olga_id}")
    (own,) = forms_of(page, "/own")
    assert owner.post(own).headers["Location"] == "/company#people"
    assert owner.open(f"/company/people/{olga_id}").tree.xpath("//main//form") == []
    (remove,) = forms_of(olga.open(f"/company/people/{owner_id}"), "/remove")
    assert olga.post(remove).headers["Location"] == "/company#people"
    assert owner.open("/company").heading == "Sign in"
    assert olga.open(f"/company/people/{owner_id}").answer.status_code == 404


def test_people_of_another_company_are_the_same_as_none(shared_service: Service) -> None:
    _, stranger_id, _ = company_in(shared_service, "elsewhere")
    _, browser = owner_of(shared_service, "looking")
    assert browser.open(f"/company/people/{stranger_id}").answer.status_code == 404
    assert browser.post(f"/company/people/{stranger_id}/remove").status_code == 404
