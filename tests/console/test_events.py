"""A partner's debugger of a stream: what has come, what is still missing, and sending a test event."""

import json

import pytest
from sqlalchemy import text

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.events import WRONG, as_sandbox, busy_stream_page, came, stream_page
from tests.console.pages.test_runs import component_page
from tests.console.signing_in import browser_of


def _shown(page: Page) -> list[str]:
    """Returns the message ids of the events that the page shows, in its order."""
    return [str(one.text_content()) for one in page.tree.xpath("//li[@class='case']/p/code")]


def test_events_are_shown_newest_first_and_narrowed_by_links(shared_service: Service) -> None:
    path = busy_stream_page(shared_service, "narrowed")
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    assert _shown(page) == ["m-4", "m-3", "m-2", "m-1"]
    links = {link.text_content(): link.get("href") for link in page.tree.xpath("//main//a")}
    assert _shown(browser.open(links["Only with findings"])) == ["m-3", "m-2"]
    assert _shown(browser.open(links["Only what is not valid"])) == ["m-3"]
    assert _shown(browser.open(links["page"])) == ["m-4"]
    named = browser.open(links["Email Opened"])
    assert _shown(named) == ["m-2", "m-1"]
    both = {link.text_content(): link.get("href") for link in named.tree.xpath("//main//a")}["Only with findings"]
    assert _shown(browser.open(both)) == ["m-2"]
    words = " ".join(page.tree.xpath("//li[@class='case']")[1].text_content().split())
    assert words.startswith("Not valid track: Report Shared")
    assert "Error It is no name. Mend it. At /event." in words
    assert '"userId": "u-3"' in words


def test_what_each_declared_event_lacks_is_said(shared_service: Service) -> None:
    path = stream_page(shared_service, "lacking")
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    assert "2 of 2 events still lack something" in page.words
    assert "Nothing has come yet." in page.words
    assert "/v1/track" in page.words
    with as_sandbox(shared_service) as connection:
        connection.execute(
            text("""INSERT INTO sandbox_declared (component_id, component_revision, event, valid, invalid, warned,
                                                  latest_at, latest_valid_at, latest_findings)
                    VALUES (:id, 1, 'Email Opened', 1, 0, false, now(), now(), '[]'),
                           (:id, 1, 'Report Shared', 0, 1, false, now(), NULL, CAST(:findings AS json))"""),
            {"id": path.split("/")[4], "findings": f"[{str(WRONG).replace(chr(39), chr(34))}]"},
        )
    rows = [" ".join(row.text_content().split()) for row in browser.open(path).tree.xpath("//tbody/tr")]
    assert rows[0].startswith("Email Opened Nothing 1 0")
    assert rows[1].startswith("Report Shared Not valid yet It has come, but never valid. Error It is no name.")


def test_older_events_are_on_further_pages_which_do_not_ask_for_news(shared_service: Service) -> None:
    path = stream_page(shared_service, "many-events")
    for number in range(30):
        came(shared_service, path, number, "Email Opened")
    browser = browser_of(shared_service, "partner")
    first = browser.open(path)
    assert (_shown(first)[0], len(_shown(first))) == ("m-29", 25)
    second = browser.open(first.tree.xpath("string(//a[@rel='next']/@href)"))
    assert _shown(second) == ["m-4", "m-3", "m-2", "m-1", "m-0"]
    assert (len(first.tree.xpath("//*[@hx-get]")), second.tree.xpath("//*[@hx-get]")) == (1, [])
    assert second.tree.xpath("//a[normalize-space()='Back to the newest']/@href") == [path]


def test_the_part_that_asks_for_news_is_sent_only_if_there_is_some(shared_service: Service) -> None:
    path = stream_page(shared_service, "awaited")
    browser = browser_of(shared_service, "partner")
    first = browser.news(path)
    assert browser.news(path, first.headers["HX-PTag"]).status_code == 304
    came(shared_service, path, 1, "<script>alert(1)</script>")
    second = browser.news(path, first.headers["HX-PTag"])
    assert (second.status_code, "<h1>" in second.text, "<script>" in second.text) == (200, False, False)


@pytest.mark.parametrize(
    "query", ["?type=nothing", "?show=all", "?before=-1", "?before=9999999999999999999999", "?event=%00"]
)
def test_an_address_that_narrows_by_nonsense_shows_everything(shared_service: Service, query: str) -> None:
    path = busy_stream_page(shared_service, f"nonsense-{abs(hash(query)) % 10**6}")
    assert len(_shown(browser_of(shared_service, "partner").open(path + query))) == 4


def test_only_a_streams_own_partners_see_its_events(shared_service: Service) -> None:
    path = busy_stream_page(shared_service, "private-events")
    for role in ("reviewer", "admin"):
        assert browser_of(shared_service, role).open(path).answer.status_code == 403
    hook = component_page(shared_service, "no-stream")
    assert browser_of(shared_service, "partner").open(f"{hook}/events").answer.status_code == 404


def test_an_example_of_each_declared_event_is_sent_and_its_findings_are_shown(shared_service: Service) -> None:
    events = stream_page(shared_service, "sent-examples")
    browser = browser_of(shared_service, "partner")
    form = browser.open(browser.open(events).tree.xpath("string(//main//a[.='Send a test event from here']/@href)"))
    examples = form.tree.xpath("//nav[@aria-label='Examples']//a")
    assert [one.text_content() for one in examples] == ["Email Opened", "Report Shared"]
    for one in examples:
        page = browser.open(one.get("href"))
        assert page.tree.xpath("string(//nav[@aria-label='Examples']//a[@aria-current]/text())") == one.text_content()
        example = json.loads(page.tree.xpath("string(//textarea)"))
        assert (example["event"], example["context"]["integration"]["name"]) == (one.text_content(), "sent-examples")
        sent = browser.press(page, message=json.dumps(example))
        assert sent.status_code == 303, sent.text
        landed, _, anchor = sent.headers["Location"].partition("#")
        assert landed == events
        shown = " ".join(browser.open(events).tree.xpath("string(//li[@id=$anchor])", anchor=anchor).split())
        assert shown.startswith(f"Valid Test event track: {one.text_content()}")
        assert "You had us send it, so it counts for nothing." in shown
    assert "2 of 2 events still lack something" in browser.open(events).words


def test_what_is_wrong_with_a_test_event_is_said_and_what_was_typed_stays(shared_service: Service) -> None:
    path = stream_page(shared_service, "wrong-examples") + "/new"
    browser = browser_of(shared_service, "partner")
    page = browser.open(f"{path}?example=Report+Shared")
    large = json.dumps({"type": "track", "text": "x" * 33_000})
    for typed, said in (("{", "It is not JSON"), ("", "Enter the message"), (large, "more than 32,768 bytes")):
        refused = Page(path, browser.press(page, message=typed))
        assert refused.answer.status_code == 422, refused.words
        assert said in refused.tree.xpath("string(//*[@id='message-error'])")
        assert refused.tree.xpath("string(//textarea)").strip() == typed
        assert refused.tree.xpath("string(//nav[@aria-label='Examples']//a[@aria-current])") == "Report Shared"
    assert browser.open(path.removesuffix("/new")).tree.xpath("//li[@class='case']") == []


def test_a_form_that_is_sent_twice_sends_one_event(shared_service: Service) -> None:
    events = stream_page(shared_service, "sent-twice")
    browser = browser_of(shared_service, "partner")
    page = browser.open(events + "/new")
    first, second = browser.press(page), browser.press(page)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(browser.open(events).tree.xpath("//li[@class='case']")) == 1


def test_only_streams_have_the_page_and_only_their_partners_open_it(shared_service: Service) -> None:
    hook = component_page(shared_service, "no-test-events")
    assert browser_of(shared_service, "partner").open(f"{hook}/events/new").answer.status_code == 404
    stream = stream_page(shared_service, "others-test-events")
    assert browser_of(shared_service, "reviewer").open(f"{stream}/new").answer.status_code == 403
