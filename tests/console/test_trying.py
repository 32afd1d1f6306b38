"""Trying an App as a customer would: enabling, configuring, seeing the request, and sending it."""

import json
import secrets

from sqlalchemy import text

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.test_runs import component_page
from tests.console.pages.trying import trying_page
from tests.console.signing_in import Browser, browser_of
from tests.launch import STREAM, WEB, WEBHOOK

KEY = "the-key-of-a-customer"
MESSAGE = json.dumps({"type": "track", "event": "Order Completed", "userId": "u-1"})


def _send(browser: Browser, path: str, act: str = "send", **fields: str) -> Page:
    given = {"message": MESSAGE, "customer_key": ""} | fields
    typed = [(name.replace("__", "."), text) for name, text in given.items()]
    answer = browser.send(path, [("act", act), ("key", secrets.token_urlsafe(16)), *typed])
    return Page(answer.url, answer)


def test_the_components_of_an_app_lead_to_where_each_is_tried(shared_service: Service) -> None:
    hook = component_page(shared_service, "leads", WEBHOOK)
    stream = component_page(shared_service, "leads", {"kind": "stream", "name": "Sent", "settings": STREAM})
    web = component_page(shared_service, "leads", {"kind": "plugin", "subkind": "web", "name": "Web", "settings": WEB})
    browser = browser_of(shared_service, "partner")
    page = browser.open("/apps/leads/try")
    assert page.tree.xpath("//main//li//p/a/@href") == [
        hook.replace("components", "try"),
        f"{stream}/events/new",
        f"{web}/test-runs",
    ]
    assert browser.open(stream.replace("components", "try")).answer.status_code == 404


def test_a_subscription_is_configured_and_its_request_shown_and_nothing_is_sent_or_kept(
    shared_service: Service,
) -> None:
    path = trying_page(shared_service, "shown-request")
    browser = browser_of(shared_service, "partner")
    assert "No key is stored for it." in browser.open(path).words
    shown = _send(browser, path, "show", customer_key=KEY, value__region="EU", value__depth="3")
    assert shown.answer.status_code == 200, shown.words
    request = shown.tree.xpath("string(//section//pre)")
    assert request.startswith("POST https://acme.example/webhook")
    assert '"event": "Order Completed"' in request
    assert KEY not in shown.answer.text
    assert shown.tree.xpath("string(//select[@id='value.region']/option[@selected]/@value)") == "EU"
    component = path.replace("/try/", "/components/")
    assert shared_service.partner("GET", f"/v1{component}/test-settings").json()["ends_at"] is None
    assert shared_service.partner("GET", f"/v1{component}/test-runs").json()["items"] == []


def test_what_is_tried_replaces_what_is_kept_only_if_that_is_ticked(shared_service: Service) -> None:
    path = trying_page(shared_service, "once-only")
    component = f"/v1{path.replace('/try/', '/components/')}"
    kept = {"key": "the-kept-key", "settings": {"region": "EU"}}
    assert shared_service.partner("PUT", f"{component}/test-settings", kept).status_code == 200
    before = shared_service.partner("GET", f"{component}/test-settings").json()
    browser = browser_of(shared_service, "partner")
    (box,) = browser.open(path).tree.xpath("//input[@id='keep']")
    assert box.get("checked") is None
    sent = _send(browser, path, customer_key=KEY, value__region="US", value__depth="3")
    assert sent.answer.status_code == 303, sent.words
    assert shared_service.partner("GET", f"{component}/test-settings").json() == before
    with shared_service.engine.begin() as connection:
        wanted = connection.scalars(text("SELECT wanted::text FROM component_test ORDER BY position DESC")).first()
        connection.execute(text("UPDATE component_test SET status = 'void' WHERE status = 'due'"))
    assert ('"sealed"' in str(wanted), KEY in str(wanted)) == (True, False)
    again = _send(browser, path, customer_key=KEY, value__region="US", value__depth="3", keep="yes")
    assert again.answer.status_code == 303, again.words
    after = shared_service.partner("GET", f"{component}/test-settings").json()
    assert [one["given"] for one in after["settings"]] == [True, True]


def test_a_subscription_is_enabled_and_sent_an_event_when_told_to(shared_service: Service) -> None:
    path = trying_page(shared_service, "sent-event")
    component = path.replace("/try/", "/components/")
    browser = browser_of(shared_service, "partner")
    sent = _send(browser, path, customer_key=KEY, value__region="US", keep="yes")
    assert sent.answer.status_code == 303, sent.words
    run = shared_service.partner("GET", f"/v1{sent.answer.headers['Location']}").json()
    assert (run["scope"], run["message"]) == ("try_out", json.loads(MESSAGE))
    form = shared_service.partner("GET", f"/v1{component}/test-settings").json()
    assert (form["ends_at"] is not None, [one["given"] for one in form["settings"]]) == (True, [True, False])
    enabled = browser.open(path)
    assert "A key is stored for its test runs" in enabled.words
    busy = _send(browser, path)
    assert (busy.answer.status_code, "A run of this Component's tests is under way." in busy.words) == (409, True)
    assert enabled.tree.xpath("//button[@value='send']") == []  # while the run is under way


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(shared_service: Service) -> None:
    path = trying_page(shared_service, "wrong-fields")
    browser = browser_of(shared_service, "partner")
    for fields, where, said in (
        ({"value__region": "EU"}, "customer_key", "Enter the API key too"),
        ({}, "customer_key", "Enter the API key."),
        ({"keep": "yes"}, "customer_key", "Enter the API key too"),
        ({"customer_key": KEY, "value__depth": "x", "value__region": "EU"}, "value.depth", "must be a number"),
        ({"customer_key": KEY}, "value.region", "is required"),
        ({"customer_key": KEY, "value__region": "EU", "message": "{"}, "message", "It is not JSON"),
        ({"customer_key": KEY, "value__region": "EU", "message": '{"type": "page"}'}, "message", "does not declare"),
    ):
        refused = _send(browser, path, **fields)
        assert refused.answer.status_code == 422, (fields, refused.words)
        assert said in refused.tree.xpath("string(//*[@id=$id])", id=f"{where}-error"), fields
        assert refused.tree.xpath("string(//textarea)").strip() == fields.get("message", MESSAGE)
        assert KEY not in refused.answer.text
    with shared_service.engine.connect() as connection:
        assert KEY not in connection.execute(text("SELECT key FROM idempotency_key")).scalars().all()


def test_a_host_that_is_not_the_companys_is_shown_the_request_for_and_sent_nothing(shared_service: Service) -> None:
    path = trying_page(shared_service, "foreign-host", "https://stranger.example/hook")
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    assert page.tree.xpath("//main//button/@value") == ["show"]
    assert "/hosts?host=stranger.example" in page.tree.xpath("//main//li/a/@href")
    assert _send(browser, path, "show", value__region="EU").answer.status_code == 200
    assert _send(browser, path, customer_key=KEY, value__region="EU").answer.status_code == 409


def test_a_private_preview_leads_partners_there_and_nobody_else(shared_service: Service) -> None:
    trying_page(shared_service, "previewed-try")
    made = shared_service.partner("POST", "/v1/apps/previewed-try/previews", {}).json()["path"]
    preview = "/preview/" + made.rpartition("/")[2]
    for role, leads in ((None, False), ("partner", True), ("reviewer", False)):
        page = browser_of(shared_service, role).open(preview)
        assert ("/apps/previewed-try/try" in page.tree.xpath("//a/@href")) is leads
