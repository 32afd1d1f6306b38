"""Parts of pages that ask for news: what changes, what stays, and what is said when nothing can be had."""

from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.pages.review import review_page


def ask(page: Page) -> int:
    """Has the live part of the page ask for news now, and returns the status of the answer."""
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true") as heard:
        page.evaluate("htmx.trigger('#standing', 'every')")
    return heard.value.status


def test_news_come_without_reloading_and_leave_the_focus_where_it_is(shared_service: Service, opened: Opened) -> None:
    review_page(shared_service, "live-news")
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}/apps/live-news")
    expect(page.locator("#standing")).to_contain_text("UTC")
    page.get_by_role("link", name="Your Apps").focus()
    assert [ask(page), ask(page)] == [200, 304]
    assert shared_service.partner("PUT", "/v1/me/time-zone", {"time_zone": "Asia/Kolkata"}).status_code == 200
    assert ask(page) == 200
    expect(page.locator("#standing")).to_contain_text("IST")
    expect(page.get_by_role("link", name="Your Apps")).to_be_focused()


def test_whoever_is_signed_out_keeps_the_page_and_is_told(shared_service: Service, opened: Opened) -> None:
    review_page(shared_service, "live-ended")
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}/apps/live-ended")
    with shared_service.engine.begin() as connection:
        ended = "UPDATE api_token SET revoked_at = now() WHERE kind = 'session' AND person_id = :id"
        connection.execute(text(ended), {"id": shared_service.people.partner.id})
    assert ask(page) == 401
    expect(page.get_by_role("status")).to_contain_text("You are signed out")
    expect(page.get_by_role("status").get_by_role("link", name="Sign in")).to_have_attribute("href", "/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Live-Ended")


def test_a_part_that_nobody_sees_asks_for_nothing(shared_service: Service, opened: Opened) -> None:
    review_page(shared_service, "live-hidden")
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}/apps/live-hidden")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.away ?? true, configurable: true})")
    page.evaluate("htmx.trigger('#standing', 'every')")
    page.evaluate("window.away = false")
    ask(page)
    assert len(asked) == 1
