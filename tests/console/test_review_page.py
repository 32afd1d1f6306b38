"""What the page of a review shows beside its steps: why it is here, earlier rounds, pictures, test accounts, news."""

import json
import re
from uuid import UUID

import pytest
from sqlalchemy import text

from models.lifecycle import AppState, AppTrigger, ReviewKind, Role
from tests.api.access import company_in
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.review import held_review_page, review_page
from tests.console.signing_in import signed_in
from tests.factories import app_in, move
from tests.journeys import app_building, judge
from tests.launch import LOGO, SCREENSHOT
from workflow.identity.actors import Actor


def call_on(service: Service, page: str) -> str:
    """Returns the path of the API's calls on the review that the page shows."""
    return page.removeprefix(service.url).replace("/reviews/", "/v1/reviews/")


def test_pictures_are_shown_as_pictures_to_whoever_may_see_the_app(shared_service: Service) -> None:
    service = shared_service
    app_building(service.engine, service.people, "with-pictures")
    path = "/v1/apps/with-pictures/assets"
    logo = service.partner("POST", f"{path}?kind=logo", LOGO).json()["id"]
    shot = service.partner("POST", f"{path}?kind=screenshot", SCREENSHOT).json()["id"]
    with service.engine.begin() as connection:
        statement = text("""UPDATE checklist_item SET evidence = evidence || CAST(:given AS jsonb) FROM app
                             WHERE app.id = app_id AND app.slug = 'with-pictures' AND code = :code""")
        connection.execute(statement, {"given": json.dumps({"logo": logo}), "code": "app_info"})
        connection.execute(statement, {"given": json.dumps({"screenshots": [shot]}), "code": "catalog_details"})
    move(service.engine, service.people, "with-pictures", AppTrigger.SUBMIT)
    (review,) = service.reviewer("GET", "/v1/reviews?app=with-pictures").json()["items"]
    browser = signed_in(service, service.people.reviewer)
    images = browser.open(f"/reviews/{review['id']}").tree.xpath("//img")
    assert {image.get("alt") for image in images} >= {"Logo", "Screenshot 1"}
    for image in images:
        shown = browser.open(image.get("src")).answer
        assert shown.headers["Content-Type"].startswith("image/")
        assert "sandbox" in shown.headers["Content-Security-Policy"]
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
    organization, owner, _ = company_in(service, "looks-elsewhere")
    stranger = signed_in(service, _partner(owner, organization))
    assert stranger.open(images[0].get("src")).answer.status_code == 404
    assert signed_in(service, service.people.partner).open(images[0].get("src")).answer.status_code == 200


def _partner(person_id: str, organization_id: str) -> Actor:
    return Actor(UUID(person_id), Role.PARTNER, UUID(organization_id))


def test_the_test_account_takes_a_button_and_its_reading_is_shown(shared_service: Service) -> None:
    service = shared_service
    page = held_review_page(service, "with-account")
    sealed = service.partner("GET", "/v1/apps/with-account/test-account/readings")
    assert sealed.json()["items"] == []
    browser = signed_in(service, service.people.reviewer)
    assert browser.open(f"{page}/test-account").answer.status_code == 405, "no link reads it"
    with service.engine.begin() as connection:
        item = """INSERT INTO checklist_item (app_id, code, evidence, given_by, given_at)
                  SELECT id, 'test_account', '{"kind": "none", "reason": "It has <no> login."}', :by, now()
                    FROM app WHERE slug = 'with-account'
                  ON CONFLICT (app_id, code) DO UPDATE SET evidence = EXCLUDED.evidence"""
        connection.execute(text(item), {"by": service.people.partner.id})
    read = browser.post(f"{page}/test-account")
    assert read.status_code == 200, read.text
    assert "It has &lt;no&gt; login." in read.text
    assert Page("", read).tree.xpath("string(//h2[.='Who has read it']/following-sibling::ul)").strip().endswith("you")
    assert len(service.partner("GET", "/v1/apps/with-account/test-account/readings").json()["items"]) == 1
    colleague = signed_in(service, service.people.reviewer)
    with service.engine.begin() as connection:
        late = "UPDATE api_token SET authenticated_at = now() - interval '1 hour' WHERE kind = 'session'"
        connection.execute(text(late))
    again = colleague.post(f"{page}/test-account")
    assert (again.status_code, "Sign in again" in again.text) == (401, True)


def test_an_appeal_says_whose_decision_it_is_about_and_a_round_what_was_before(shared_service: Service) -> None:
    service = shared_service
    page = review_page(service, "appeals", ReviewKind.APPEAL)
    browser = signed_in(service, service.people.admin)
    seen = browser.open(page)
    assert "appeals the decision of Rae" in seen.words
    assert "changes asked for" in seen.tree.xpath("string(//section[@aria-labelledby='rounds'])")
    history = browser.open(f"{page}/history")
    assert "Request changes" in history.words
    done_by = {(row.findtext("td[1]"), row.findtext("td[2]")) for row in history.tree.xpath("//tbody/tr")}
    assert done_by >= {("Submit", "Pat"), ("Request changes", "Rae"), ("Appeal", "Pat")}


def test_a_waiver_of_an_earlier_round_stands_at_its_step(shared_service: Service) -> None:
    service = shared_service
    page = held_review_page(service, "waived-before")
    step = f"{call_on(service, page)}/steps/end_to_end_check"
    assert service.reviewer("POST", step, {"decision": "waive", "reason": "Seen in person."}).status_code == 200
    move(service.engine, service.people, "waived-before", AppTrigger.REQUEST_CHANGES)
    browser = signed_in(service, service.people.reviewer)
    closed = browser.open(page)
    assert "Decided by you" in closed.words
    move(service.engine, service.people, "waived-before", AppTrigger.SUBMIT)
    (review,) = service.reviewer("GET", "/v1/reviews?app=waived-before").json()["items"]
    again = browser.open(f"/reviews/{review['id']}")
    assert "Seen in person." in again.tree.xpath("string(//article[@id='step-end_to_end_check'])")


def test_what_asks_for_news_gets_the_standing_alone(shared_service: Service) -> None:
    service = shared_service
    page = held_review_page(service, "in-the-news")
    browser = signed_in(service, service.people.reviewer)
    for path, part in ((page, "standing"), ("/reviews?show=mine", "queue"), ("/access-requests", "listed")):
        polled = browser.open(path, headers={"HX-Request": "true"})
        assert polled.answer.status_code == 200
        assert polled.answer.text.strip().startswith(f'<div id="{part}"')
        assert "<textarea" not in polled.answer.text
        again = browser.news(path.removeprefix(service.url), polled.answer.headers["HX-PTag"])
        assert again.status_code == 304, path


def test_no_message_and_no_note_is_cut_off_however_many_there_are(shared_service: Service) -> None:
    service = shared_service
    page = held_review_page(service, "long-talk")
    with service.engine.begin() as connection:
        for table, side in (("review_message", "side, "), ("internal_note", "")):
            connection.execute(
                text(f"""
                    INSERT INTO {table} (id, review_id, {side}author_id, text)
                    SELECT uuidv7(), CAST(:review AS uuid), {"'partner', " if side else ""}CAST(:author AS uuid),
                           '{table} ' || n FROM generate_series(1, 345) AS n"""),
                {"review": page.rpartition("/")[2], "author": str(service.people.reviewer.id)},
            )
    shown = signed_in(service, service.people.reviewer).open(page)
    said = [str(one) for one in shown.tree.xpath("//article[@class='message']/p[@class='verbatim']/text()")]
    for table in ("review_message", "internal_note"):
        assert [one for one in said if one.startswith(table)] == [f"{table} {n}" for n in range(1, 346)]
    assert shown.tree.xpath("string(//a[@href='#conversation'])") == "345"


def test_the_queue_says_what_is_due_next_and_narrows_by_what_is_typed(shared_service: Service) -> None:
    service = shared_service
    review_page(service, "narrowed")
    browser = signed_in(service, service.people.reviewer)
    assert "Narrowed" in browser.open("/reviews?app=Narrowed&show=all&kind=nonsense").words
    nothing = browser.open("/reviews?app=there-is-none")
    assert "Nothing is waiting here. Next due:" in nothing.words
    assert nothing.tree.xpath("string(//input[@id='app']/@value)") == "there-is-none"


def test_what_reviews_have_in_common_leads_to_them(shared_service: Service) -> None:
    service = shared_service
    page = review_page(service, "in-common")
    with service.engine.begin() as connection:
        of_it = "FROM app WHERE app.id = review.app_id AND slug = 'in-common'"
        connection.execute(text(f"UPDATE review SET categories = '{{Analytics}}' {of_it}"))
        failed = """UPDATE review_step SET state = 'failed', status = 'done', decided_at = now()
                     WHERE code = 'end_to_end_check' AND review_id = CAST(:review AS uuid)"""
        connection.execute(text(failed), {"review": page.rpartition("/")[2]})
    browser = signed_in(service, service.people.reviewer)
    (row,) = browser.open("/reviews?app=in-common").tree.xpath(f"//tr[@id='review-{page.rpartition('/')[2]}']")
    led = {str(link): browser.open(str(link)) for link in row.xpath(".//a[not(@data-item)]/@href")}
    said = {link.partition("?")[2].partition("=")[0]: shown for link, shown in led.items()}
    assert set(said) == {"company", "category", "failed_step"}
    assert "Only Apps of Acme. Show all that is open" in said["company"].words
    assert "Only Apps in Analytics." in said["category"].words
    assert "Only failed: The end-to-end check" in said["failed_step"].words
    assert all("In-Common" in shown.words for shown in said.values())
    kept = said["failed_step"].tree.xpath("//form[@aria-label='Narrow the list']//input[@type='hidden']")
    assert [(one.get("name"), one.get("value")) for one in kept] == [("failed_step", "end_to_end_check")]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("company=00000000-0000-7000-8000-000000000000", "Only Apps of one company."),
        ("category=No+such", "Only Apps in No such."),
        ("failed_step=no_such", "Only failed: no such."),
        ("failed_step=No%20code", "Show"),
        ("company=nonsense", "Show"),
    ],
)
def test_what_no_review_has_is_said_and_what_is_no_value_is_passed_over(
    shared_service: Service, address: str, said: str
) -> None:
    shown = signed_in(shared_service, shared_service.people.reviewer).open(f"/reviews?{address}")
    assert shown.answer.status_code == 200
    assert said in shown.words
    assert ("Show all that is open" in shown.words) is said.startswith("Only")


def test_where_two_people_decide_the_first_one_proposes(shared_service: Service) -> None:
    service = shared_service
    page = held_review_page(service, "takes-two")
    browser = signed_in(service, service.people.reviewer)
    assert buttons(browser.open(page).answer.text) == ["approve", "request_changes"]
    current = service.admin("GET", "/v1/policies/current").json()
    document = current["document"] | {"two_people_customers": 1}
    seen = service.admin("POST", "/v1/policies/preview", {"document": document}).json()
    body = {"base_version": current["version"], "document": document, "note": "Two people decide."}
    body["previewed"] = seen["previewed"]
    assert service.admin("POST", "/v1/policies", body).status_code == 201
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE app SET onboarded_customers = 1 WHERE slug = 'takes-two'"))
        passed = """UPDATE review_step s SET state = 'passed', status = 'done', decided_at = now()
                      FROM review r JOIN app a ON a.id = r.app_id WHERE r.id = s.review_id AND a.slug = 'takes-two'"""
        connection.execute(text(passed))
    first = browser.open(page)
    assert buttons(first.answer.text) == ["propose_approve", "request_changes"]
    assert "Two people must approve" in first.words
    proposed = service.reviewer("POST", f"{call_on(service, page)}/decision", {"decision": "propose_approve"})
    assert proposed.status_code == 202, proposed.text
    judge(service.engine)
    waits = browser.open(page)
    assert "proposed to approve it" in waits.words
    assert buttons(waits.answer.text) == ["request_changes"]
    second = signed_in(service, service.people.admin)
    assert second.post(f"{page}/claim").status_code == 303
    assert buttons(second.open(page).answer.text) == ["approve", "request_changes"]


def buttons(page: str) -> list[str]:
    """Returns the decisions that the page has buttons for."""
    return re.findall(r'value="decide (\w+)"', page)


def test_a_suspended_app_is_no_other_page(shared_service: Service) -> None:
    service = shared_service
    app_in(service.engine, service.people, "stopped", AppState.SUSPENDED, ReviewKind.REVISION)
    (review,) = service.reviewer("GET", "/v1/reviews?app=stopped").json()["items"]
    seen = signed_in(service, service.people.reviewer).open(f"/reviews/{review['id']}")
    assert "/suspensions/stopped" in seen.tree.xpath("//a/@href")
