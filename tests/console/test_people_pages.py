"""An admin's pages of people: reviewers and admins, companies and their people, and erasing somebody."""

from datetime import UTC, datetime, timedelta

from tests.api.access import colleague_in, company_in
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import signed_in
from tests.console.test_policy import form_at


def test_a_reviewer_is_added_goes_away_comes_back_and_is_removed(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    form = form_at(browser.open("/people/new").tree, "/people/new")
    wrong = Page("", browser.post("/people/new", None, **(form | {"name": "Bo", "email": "no address"})))
    assert wrong.answer.status_code == 422
    assert wrong.tree.xpath("//*[@id='email-error']")
    assert form_at(wrong.tree, "/people/new")["name"] == ["Bo"]
    filled = form_at(wrong.tree, "/people/new") | {"email": "bo-page@platform.example"}
    added = browser.post("/people/new", None, **filled)
    assert browser.post("/people/new", None, **filled).headers["Location"] == added.headers["Location"]
    path = added.headers["Location"]
    assert browser.open(path).heading == "Bo"
    assert "bo-page@platform.example" in browser.open("/people?role=reviewer").words
    assert "bo-page@platform.example" not in browser.open("/people?role=admin").words
    refused = Page("", browser.post(f"{path}/absence", until="2020-01-01T09:00"))
    assert refused.answer.status_code == 422
    assert "An absence ends in the future" in refused.words
    until = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M}"
    assert browser.post(f"{path}/absence", until=until).status_code == 303
    assert "away" in browser.open("/people").words
    assert browser.post(f"{path}/return").status_code == 303
    assert "Away until" in browser.open(path).tree.xpath("string(//label[@for='until'])")
    assert "back to the queue" in browser.open(path).words
    assert browser.open(f"{path}/removal").heading == "Remove Bo"
    assert browser.post(f"{path}/removal").headers["Location"] == "/people"
    assert browser.open(path).answer.status_code == 404


def test_the_last_admin_is_not_removed(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    page = Page("", browser.post(f"/people/{shared_service.people.admin.id}/removal"))
    assert page.answer.status_code == 409
    assert "This is the last admin" in page.words


def test_a_company_is_found_renamed_and_moved(shared_service: Service) -> None:
    company_id, _, _ = company_in(shared_service, "sought")
    company_in(shared_service, "moved-here")
    browser = signed_in(shared_service, shared_service.people.admin)
    for search in ("SOUGHT", "sought.example", "pat%40sought.example"):
        (found,) = browser.open(f"/companies?search={search}").tree.xpath("//main//td/../th/a/@href")
        assert found == f"/companies/{company_id}"
    assert "No company has this name" in browser.open("/companies?search=not-there").words
    path = f"/companies/{company_id}"
    assert browser.post(f"{path}/name", company_name="Sought & Found").status_code == 303
    assert browser.open(path).heading == "Sought & Found"
    taken = Page("", browser.post(f"{path}/website", website="https://moved-here.example"))
    assert taken.answer.status_code == 409
    assert "is the domain of" in taken.words
    assert taken.tree.xpath("//input[@id='website']/@value") == ["https://moved-here.example"]
    assert browser.post(f"{path}/website", website="https://sought-anew.example").status_code == 303
    assert "sought-anew.example" in browser.open(path).words
    assert browser.post(f"{path}/nothing").status_code == 404


def test_people_of_a_company_are_invited_made_owners_and_removed(shared_service: Service) -> None:
    company_id, owner_id, owner = company_in(shared_service, "helped")
    olga_id, _ = colleague_in(shared_service, owner, company_id, "olga@helped.example")
    browser, path = signed_in(shared_service, shared_service.people.admin), f"/companies/{company_id}"
    form = form_at(browser.open(path).tree, f"{path}/invitation")
    wrong = Page("", browser.post(f"{path}/invitation", None, **(form | {"person_name": "", "email": "zoe"})))
    assert wrong.answer.status_code == 422
    for name in ("person_name", "email"):
        assert wrong.tree.xpath("//*[@id=$id]", id=f"{name}-error")
    form = form_at(wrong.tree, f"{path}/invitation") | {"person_name": "Zoe", "email": "zoe@helped.example"}
    assert browser.post(f"{path}/invitation", None, **form).status_code == 303
    assert "zoe@helped.example" in browser.open(path).words
    (withdrawn,) = browser.open(path).tree.xpath("//form[contains(@action, '/invitations/')]/@action")
    assert browser.post(withdrawn).status_code == 303
    assert "zoe@helped.example" not in browser.open(path).words
    assert browser.open(f"{path}/people/{olga_id}/owner").answer.status_code == 200
    assert browser.post(f"{path}/people/{olga_id}/owner").status_code == 303
    refused = Page("", browser.post(f"{path}/people/{olga_id}/removal"))
    assert refused.answer.status_code == 409
    assert "Hand the ownership over" in refused.words
    assert browser.open(f"{path}/people/{owner_id}/removal").heading == "Remove Pat"
    assert browser.post(f"{path}/people/{owner_id}/removal").status_code == 303
    assert owner("GET", "/v1/apps").status_code == 401
    assert "pat@helped.example" not in browser.open(path).words


def test_a_slug_is_allowed_and_taken_back(shared_service: Service) -> None:
    company_id, _, _ = company_in(shared_service, "lookalike")
    browser, path = signed_in(shared_service, shared_service.people.admin), f"/companies/{company_id}"
    for wrong in ("../../x", "", "Not A Slug"):
        page = Page("", browser.post(f"{path}/slug", slug=wrong))
        assert page.answer.status_code == 422
        assert page.tree.xpath("//*[@id='slug-error']")
    assert browser.post(f"{path}/slug", slug="rnodern-page").status_code == 303
    (end,) = browser.open(path).tree.xpath("//form[contains(@action, '/slugs/')]/@action")
    assert browser.post(end).status_code == 303
    assert not browser.open(path).tree.xpath("//form[contains(@action, '/slugs/')]")


def test_a_person_is_erased_only_if_typed_twice(shared_service: Service) -> None:
    company_id, _, owner = company_in(shared_service, "forgetful")
    olga_id, _ = colleague_in(shared_service, owner, company_id, "olga@forgetful.example")
    browser = signed_in(shared_service, shared_service.people.admin)
    assert browser.open(f"/erasures?person={olga_id}").tree.xpath("//input[@id='person']/@value") == [olga_id]
    typo = Page("", browser.post("/erasures", person="olga@forgetful.example", again="olga@forgetful.exampel"))
    assert typo.answer.status_code == 422
    assert typo.tree.xpath("//*[@id='again-error']")
    assert "olga@forgetful.example" in browser.open(f"/companies/{company_id}").words
    refused = Page("", browser.post("/erasures", person="pat@forgetful.example", again="pat@forgetful.example"))
    assert refused.answer.status_code == 409
    assert "There is a problem" in refused.words
    done = Page("", browser.post("/erasures", person="olga@forgetful.example", again=" OLGA@forgetful.example"))
    assert (done.answer.status_code, done.heading) == (200, "Erased")
    assert olga_id in done.words
    assert "olga@forgetful.example" not in browser.open(f"/companies/{company_id}").words
