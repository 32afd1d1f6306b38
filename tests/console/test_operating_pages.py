"""An admin's pages of operating: what needs them, dead rows, the audit log, and tokens."""

from sqlalchemy import text

from console.dead_words import DEAD
from console.pages.tokens import SCOPES
from models.lifecycle import Role
from models.token import Scope
from tests.api.running import Service
from tests.api.service import Caller
from tests.console.browsing import Page
from tests.console.signing_in import Browser, signed_in
from tests.console.test_policy import form_at
from tests.dead import dead_message, dead_row
from workflow.identity.tokens import SCOPES_OF
from workflow.operating.dead_rows import LISTED_KINDS

TO_TOKENS = "/tokens/new"


def statuses_of(service: Service, lane: str) -> list[str]:
    """Returns the statuses of the mails of a lane."""
    with service.engine.connect() as connection:
        return list(
            connection.execute(
                text("SELECT status FROM notification WHERE lane = :lane ORDER BY id"), {"lane": lane}
            ).scalars()
        )


def actions_of(page: Page) -> list[str]:
    """Returns where the forms of the page's main part that act lead to."""
    return [str(one) for one in page.tree.xpath("//main//form[@method='post']/@action")]


def test_every_kind_of_dead_rows_is_in_words() -> None:
    assert set(DEAD) == set(LISTED_KINDS)


def test_what_is_dead_is_on_the_first_page_and_a_row_is_replayed(shared_service: Service) -> None:
    row_id = dead_row(shared_service.engine, "one.example", "it broke <b>here</b>")
    browser = signed_in(shared_service, shared_service.people.admin)
    assert "Mails that are dead" in browser.open("/").words
    assert browser.open("/dead").tree.xpath("//main//a[@href='/dead/notification']")
    page = browser.open("/dead/notification?lane=one.example")
    assert "it broke <b>here</b>" in page.words
    assert f"/dead/notification/{row_id}" in actions_of(page)
    done = browser.post(f"/dead/notification/{row_id}", lane="one.example")
    assert "1 is due again" in browser.open(done.headers["Location"]).words
    assert statuses_of(shared_service, "one.example") == ["due"]
    again = Page("", browser.post(f"/dead/notification/{row_id}"))
    assert again.answer.status_code == 404


def test_all_that_match_are_replayed_and_no_other(shared_service: Service) -> None:
    for error in ("timed OUT", "timed out", "refused"):
        dead_row(shared_service.engine, "many.example", error)
    browser = signed_in(shared_service, shared_service.people.admin)
    page = browser.open("/dead/notification?lane=many.example&error=Timed+out")
    assert len([one for one in actions_of(page) if not one.endswith("/all")]) == 2
    done = browser.post("/dead/notification/all", None, **form_at(page.tree, "/dead/notification/all"))
    assert "2 are due again" in browser.open(done.headers["Location"]).words
    assert sorted(statuses_of(shared_service, "many.example")) == ["dead", "due", "due"]
    assert "Nothing that is dead matches" in browser.open("/dead/notification?lane=nobody.example").words


def test_of_more_than_one_call_replays_the_next_are_offered(shared_service: Service) -> None:
    with shared_service.engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, status, last_error)
                SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', now(), 'flood.example', 'dead', 'x'
                  FROM generate_series(1, 1001)
            """)
        )
    browser = signed_in(shared_service, shared_service.people.admin)
    done = browser.post("/dead/notification/all", lane="flood.example")
    page = browser.open(done.headers["Location"])
    assert "1000 are due again" in page.words
    (form, *_) = page.tree.xpath("//main//form[.//input[@name='after']]")
    last = browser.post("/dead/notification/all", None, **dict(form.form_values()))
    assert "1 is due again" in browser.open(last.headers["Location"]).words
    assert set(statuses_of(shared_service, "flood.example")) == {"due"}


def test_rejected_messages_are_acknowledged_and_requests_are_replayed_one_by_one(shared_service: Service) -> None:
    for error in ("token.invalid: a", "token.invalid: b", "body.invalid: c"):
        dead_message(shared_service.engine, error)
    browser = signed_in(shared_service, shared_service.people.admin)
    page = browser.open("/dead/rejected_message?error=token.invalid")
    assert "Replay" not in page.tree.xpath("string(//main//ul)")
    done = browser.post("/dead/rejected_message/all", error="token.invalid")
    assert "2 acknowledged" in browser.open(done.headers["Location"]).words
    left = browser.open("/dead/rejected_message")
    assert "body.invalid: c" in left.words
    (one,) = [action for action in actions_of(left) if not action.endswith("/all")]
    assert browser.post(one).status_code == 303
    assert "Nothing of this kind is dead" in browser.open("/dead/rejected_message").words
    assert "/dead/transition_request/all" not in actions_of(browser.open("/dead/transition_request"))
    assert browser.open("/dead/no_such_kind").answer.status_code == 404


def test_the_audit_log_is_narrowed_and_a_wrong_filter_is_said_in_its_field(shared_service: Service) -> None:
    service = shared_service
    assert service.partner("POST", "/v1/apps", {"slug": "audited-page", "name": "Audited"}).status_code == 201
    browser = signed_in(service, service.people.admin)
    page = browser.open("/audit?app=audited-page")
    assert "app.create" in page.words
    assert "Pat" in page.words
    assert "app.create" in browser.open("/audit?who=pat%40acme.example&action=app.create").words
    assert "Nothing matches" in browser.open("/audit?app=audited-page&until=2020-01-01T00:00").words
    assert "app.create" in browser.open("/audit?app=audited-page&since=2020-01-01T00:00").words
    refused = browser.open("/audit?since=yesterday&app=audited-page")
    assert refused.answer.status_code == 422
    assert refused.tree.xpath("//*[@id='since-error']")
    assert refused.tree.xpath("//input[@id='app']/@value") == ["audited-page"]
    one = browser.open("/audit?action=app.create")
    assert one.tree.xpath("//main//td/a[starts-with(@href, '/audit?actor=')]")


def made_token(browser: Browser, **fields: str | list[str]) -> Page:
    """Returns the page after the form of a new token was sent."""
    form = form_at(browser.open(TO_TOKENS).tree, TO_TOKENS) | fields
    return Page("", browser.post(TO_TOKENS, None, **form))


def test_a_services_token_is_made_shown_once_replaced_and_revoked(shared_service: Service) -> None:
    service, browser = shared_service, signed_in(shared_service, shared_service.people.admin)
    form = form_at(browser.open(TO_TOKENS).tree, TO_TOKENS)
    filled = form | {"service": "page-reporter", "label": "nightly", "scopes": ["usage:report", "apps:read"]}
    page = Page("", browser.post(TO_TOKENS, None, **filled))
    token = page.tree.xpath("string(//*[@id='token'])")
    assert Caller(service.url, token)("GET", "/v1/apps").status_code == 200
    twice = Page("", browser.post(TO_TOKENS, None, **filled))
    assert twice.tree.xpath("string(//*[@id='token'])") == token
    listed = browser.open("/tokens?state=valid")
    assert "page-reporter" in listed.words
    assert token not in listed.answer.text
    (replace, *_) = listed.tree.xpath("//tr[contains(., 'page-reporter')]//a[starts-with(@href, '/tokens/new')]/@href")
    like = form_at(browser.open(replace).tree, TO_TOKENS)
    assert (like["service"], like["scopes"]) == (["page-reporter"], ["apps:read", "usage:report"])
    new = Page("", browser.post(TO_TOKENS, None, **like))
    assert Caller(service.url, token)("GET", "/v1/apps").status_code == 200
    (old,) = new.tree.xpath("//main//a[contains(@href, '/revocation')]/@href")
    assert "cannot be undone" in browser.open(old).words
    assert browser.post(old).status_code == 303
    assert Caller(service.url, token)("GET", "/v1/apps").status_code == 401
    assert Caller(service.url, new.tree.xpath("string(//*[@id='token'])"))("GET", "/v1/apps").status_code == 200
    assert "page-reporter" in browser.open("/tokens?state=revoked").words
    assert "It was revoked" in browser.open(old).words


def test_what_is_wrong_with_a_token_stands_in_its_field(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    page = made_token(browser, service="No Such Name!", label="x", expires_in_days="soon", scopes=["apps:read"])
    assert page.answer.status_code == 422
    for name in ("service", "expires_in_days"):
        assert page.tree.xpath("//*[@id=$id]", id=f"{name}-error")
    kept = form_at(page.tree, TO_TOKENS)
    assert (kept["service"], kept["expires_in_days"]) == (["No Such Name!"], ["soon"])
    assert kept["scopes"] == ["apps:read"]
    none = made_token(browser, service="page-nothing", label="x")
    assert none.answer.status_code == 422
    assert none.tree.xpath("//*[@id='scopes-error']")


def test_the_page_offers_every_scope_that_a_service_may_have() -> None:
    assert set(SCOPES) == {scope.value for scope in SCOPES_OF[Role.SERVICE]} <= set(Scope)


def test_what_is_grave_is_asked_for_by_whoever_signed_in_lately(shared_service: Service) -> None:
    browser = signed_in(shared_service, shared_service.people.admin)
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE api_token SET authenticated_at = authenticated_at - interval '1 hour'"))
    page = made_token(browser, service="page-late", label="x", scopes=["apps:read"])
    assert (page.answer.status_code, page.heading) == (401, "Sign in again")


def test_nothing_of_operating_is_for_others(shared_service: Service) -> None:
    for actor in (shared_service.people.partner, shared_service.people.reviewer):
        browser = signed_in(shared_service, actor)
        for path in ("/dead", "/audit", "/tokens", "/people", "/companies", "/erasures", "/policy"):
            assert browser.open(path).answer.status_code == 403
        assert "What needs you" not in browser.open("/").answer.text
