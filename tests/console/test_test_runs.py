"""A partner's pages of test runs: what is started by which button, why it cannot be, and what each case shows."""

import json

from sqlalchemy import text

from console.json_text import pretty_text
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.test_runs import component_page, end, ended_run_page, record, run_page
from tests.console.signing_in import browser_of
from tests.launch import WEBHOOK

HOSTILE = {"type": "track", "event": "</textarea><script>alert(1)</script>"}


def _scopes(page: Page) -> list[str]:
    """Returns the scopes of the runs for which the page has a button."""
    return [str(scope) for scope in page.tree.xpath("//main//form//input[@name='scope']/@value")]


def test_the_suite_one_event_and_an_own_message_are_started_once_each(shared_service: Service) -> None:
    path = component_page(shared_service, "started-runs")
    browser = browser_of(shared_service, "partner")
    page = browser.open(f"{path}/test-runs")
    assert _scopes(page) == ["suite", "event", "try_out"]
    (key,) = {str(key) for key in page.tree.xpath("//main//form//input[@name='key']/@value")}
    started = browser.post(f"{path}/test-runs", scope="suite", key=key)
    assert started.status_code == 303
    assert browser.post(f"{path}/test-runs", scope="suite", key=key).headers["Location"] == started.headers["Location"]
    run = browser.open(started.headers["Location"])
    assert run.heading == "The whole suite"
    assert "0 of " in run.words
    assert run.tree.xpath("//*[@id='run']/@hx-get") == [started.headers["Location"]]
    assert run.tree.xpath("//a[normalize-space()='Look again']/@href") == [started.headers["Location"]]
    end(shared_service, started.headers["Location"], "green")
    event = browser.post(f"{path}/test-runs", scope="event", event="track", key="a-key-for-an-event")
    assert browser.open(event.headers["Location"]).heading == "One type of event: track"
    end(shared_service, event.headers["Location"], "green")
    own = browser.post(f"{path}/test-runs", scope="try_out", message=json.dumps(HOSTILE), key="a-key-for-a-message")
    assert shared_service.partner("GET", f"/v1{own.headers['Location']}").json()["message"] == HOSTILE
    end(shared_service, own.headers["Location"], "green")
    again = browser.open(browser.open(own.headers["Location"]).tree.xpath("string(//*[@id='run']/p/a/@href)"))
    assert json.loads(again.tree.xpath("string(//textarea)")) == HOSTILE
    assert not again.tree.xpath("//main//script")
    listed = [" ".join(row.text_content().split()) for row in again.tree.xpath("//tbody/tr/th/a")]
    assert [one.partition(",")[0] for one in listed] == [
        "A message of your own",
        "One type of event",
        "The whole suite",
    ]


def test_a_message_that_is_no_json_stays_in_its_field_with_what_is_wrong(shared_service: Service) -> None:
    path = component_page(shared_service, "typed-message")
    browser = browser_of(shared_service, "partner")
    for typed, said in (
        ('{"type": "track",', "It is not JSON: Expecting property name enclosed in double quotes: line 1"),
        ("[1]", "Enter one JSON object"),
        ("", "Enter the message as JSON"),
        ("[" * 5_000, "nests deeper than 32"),
        ("9" * 5_000, "more than 64 bits"),
    ):
        refused = browser.post(f"{path}/test-runs", scope="try_out", message=typed, key="a-key-for-typing")
        page = Page(refused.url, refused)
        assert refused.status_code == 422
        assert said in page.tree.xpath("string(//*[@id='message-error'])")
        assert page.tree.xpath("string(//textarea)").strip() == typed
        assert page.tree.xpath("//textarea/ancestor::details/@open")
    undeclared = browser.post(f"{path}/test-runs", scope="try_out", message='{"type": "page"}', key="another-key-here")
    assert undeclared.status_code == 422
    assert "does not declare" in Page(undeclared.url, undeclared).words


def test_why_a_run_cannot_be_started_is_said_with_a_link_and_there_is_no_button(shared_service: Service) -> None:
    settings = {**WEBHOOK["settings"], "url": "https://stranger.example/hook"}
    path = component_page(shared_service, "cannot-run", WEBHOOK | {"settings": settings})
    assert shared_service.partner("DELETE", f"/v1{path}/test-settings").status_code == 204
    browser = browser_of(shared_service, "partner")
    page = browser.open(f"{path}/test-runs")
    assert _scopes(page) == []
    links = page.tree.xpath("//main//li/a/@href")
    assert {f"{path}/test-settings", "/hosts?host=stranger.example"} <= set(links)
    assert "stranger.example is not under a domain" in page.words
    refused = browser.post(f"{path}/test-runs", scope="suite", key="a-key-for-nothing")
    assert (refused.status_code, "has no test key yet" in refused.text) == (409, True)
    assert "/v1/" not in Page(refused.url, refused).words
    assert shared_service.partner("PUT", f"/v1{path}/test-settings", {"key": "a-test-key"}).status_code == 200
    assert _scopes(browser.open(f"{path}/test-runs")) == ["suite", "event"]


def test_while_a_run_is_under_way_there_is_a_link_to_it_instead_of_buttons(shared_service: Service) -> None:
    run = run_page(shared_service, "one-at-a-time")
    page = browser_of(shared_service, "partner").open(run.rpartition("/")[0])
    assert _scopes(page) == []
    assert run in page.tree.xpath("//main//li/a/@href")


def test_each_case_shows_what_was_sent_what_came_and_how_to_send_it_again(shared_service: Service) -> None:
    run = ended_run_page(shared_service, "whole-answers")
    page = browser_of(shared_service, "partner").open(run)
    red = page.tree.get_element_by_id("case-2")
    words = " ".join(red.text_content().split())
    assert words.startswith('Red Track "Signed up" The answer was 500, after 35 ms.')
    assert "The answer was 500. Right would be: 200. See the log." in words
    assert "POST https://acme.example/webhook" in words
    assert "Authorization: Basic (the test key)" in words
    assert '"message": "<b>Fine</b>"' in words
    assert red.xpath("string(.//pre[@id='curl-2'])").startswith("curl -i -X POST https://acme.example/webhook -u ")
    assert "No answer came." in page.tree.get_element_by_id("case-3").text_content()
    assert "2 of 4 cases that count are red" in page.words
    assert not page.tree.xpath("//*[@hx-get]")
    assert page.tree.xpath("//main//form//input[@name='scope']/@value") == ["suite"]


def test_a_run_that_could_not_go_on_says_why_and_one_of_an_earlier_revision_too(shared_service: Service) -> None:
    run = run_page(shared_service, "voided")
    with shared_service.engine.begin() as connection:
        connection.execute(
            text("UPDATE component_test SET status = 'void', last_error = 'The test settings ended.' WHERE id = :id"),
            {"id": run.rpartition("/")[2]},
        )
    changed = shared_service.partner("PATCH", f"/v1{run.partition('/test-runs')[0]}", {"name": "Other"}, If_Match="*")
    assert changed.status_code == 200
    page = browser_of(shared_service, "partner").open(run)
    assert "Could not go on The test settings ended." in page.words
    assert "The Component was changed since" in page.words


def test_a_part_that_asks_for_news_is_answered_with_the_part_alone_until_the_run_has_ended(
    shared_service: Service,
) -> None:
    run = run_page(shared_service, "asked-again")
    browser = browser_of(shared_service, "partner")
    first = browser.news(run)
    assert 'hx-trigger="every 1s"' in first.text
    assert "<h1>" not in first.text
    assert browser.news(run, first.headers["HX-PTag"]).status_code == 304
    record(shared_service, run, 1, "identify", "green", 200)
    second = browser.news(run, first.headers["HX-PTag"])
    assert "case-1" in second.text
    end(shared_service, run, "green")
    assert "hx-trigger" not in browser.news(run, second.headers["HX-PTag"]).text


def test_an_answer_has_a_line_for_each_value_unless_it_nests_so_deeply_that_nobody_could_read_it() -> None:
    assert pretty_text('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    for unreadable in ("[" * 40 + "]" * 40, "[" * 990 + "]" * 990, "[" * 4096, "no JSON", "9" * 4096):
        assert pretty_text(unreadable) == unreadable
    assert pretty_text(None) == ""


def test_what_is_no_run_of_ones_own_is_not_known(shared_service: Service) -> None:
    run = run_page(shared_service, "known-run")
    browser = browser_of(shared_service, "partner")
    assert browser.open(run[:-4] + "0000").answer.status_code == 404
    assert browser.open(run.rpartition("/")[0] + "/nothing").answer.status_code == 404
    assert browser.open(run.replace("known-run", "unknown-run")).answer.status_code == 404
    assert browser_of(shared_service, "reviewer").open(run).answer.status_code == 403
