"""A partner's page of the request that an event is sent with: made of what a customer enters, and sent to nobody."""

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.components import app_with
from tests.console.signing_in import browser_of


def test_the_request_is_shown_with_its_headers_its_body_and_curl(shared_service: Service) -> None:
    _, (component,) = app_with(shared_service, "request-shown", "subscription")
    browser = browser_of(shared_service, "partner")
    event = '{"type": "track", "event": "Signed <b>up</b>", "userId": "u-1"}'
    answer = browser.post(f"{component}/request", None, **{"event": event, "value.region": "EU"})
    page = Page(answer.url, answer)
    assert answer.status_code == 200, answer.text
    for words in ("POST https://acme.example/webhook", "Signed <b>up</b>", "curl -i", "base64"):
        assert words in page.words, words
    first = browser.post(f"{component}/request", None, **{"event_type": "identify", "value.region": "US"})
    assert '"type":"identify"' in Page(first.url, first).words


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(shared_service: Service) -> None:
    _, (component,) = app_with(shared_service, "request-refused", "subscription")
    browser = browser_of(shared_service, "partner")
    for fields, name, said in (
        ({"event_type": "track", "value.region": ""}, "value.region", "Region is required."),
        ({"event": '{"type": "group"}', "value.region": "EU"}, "event", "does not declare the event type group"),
        ({"event": "{\n]", "value.region": "EU"}, "event", "It is not JSON"),
    ):
        answer = browser.post(f"{component}/request", None, **fields)
        page = Page(answer.url, answer)
        assert answer.status_code == 422, fields
        assert said in page.tree.xpath("string(//*[@id=$id])", id=f"{name}-error"), fields
        assert page.tree.xpath("string(//textarea[@id='event'])").strip() == fields.get("event", "")


def test_what_is_sent_no_events_has_no_request(shared_service: Service) -> None:
    _, (stream,) = app_with(shared_service, "request-none", "stream")
    assert browser_of(shared_service, "partner").open(f"{stream}/request").answer.status_code == 404
