"""Parts of pages that ask for news: what changes, what stays, and what is said when nothing can be had."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.pages.review import held_review_page, review_page


def ask(page: Page, part: str = "#standing") -> int:
    """Has a live part of the page ask for news now, and returns the status of the answer, which has been dealt with."""
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true") as heard:
        page.evaluate(
            "part => new Promise(ended => {"
            " document.addEventListener('htmx:finally:request', () => ended(), { once: true });"
            " htmx.trigger(part, 'every'); })",
            part,
        )
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


_ENDED = text("""
    UPDATE review_step SET state = 'failed', status = 'done', decided_at = now(),
           findings = '[{"code": "website.silent", "detail": "The website is silent.", "remedy": "Wake it."}]'
     WHERE review_id = CAST(:review AS uuid) AND code = :code
""")


def _machine_step(service: Service, url: str) -> str:
    """Returns the code of a step of the review at `url` that a machine takes and has not taken yet."""
    review = service.reviewer("GET", "/v1/reviews/" + url.rpartition("/")[2]).json()
    return str(
        next(one["code"] for one in review["steps"] if (one["taken_by"], one["state"]) == ("machine", "pending"))
    )


def test_steps_of_a_review_go_on_without_a_reload_and_leave_words_and_focus_alone(
    shared_service: Service, opened: Opened
) -> None:
    url = held_review_page(shared_service, "live-steps")
    code = _machine_step(shared_service, url)
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(url)
    expect(page.locator("#progress")).to_contain_text("under way")
    step = page.locator(f"#step-{code}")
    step.locator("summary", has_text="Decide").click()
    typed = page.locator(f"#reason-{code}")
    typed.fill("I looked at it mys")
    page.evaluate("window.isTheSamePage = true")
    with shared_service.engine.begin() as connection:
        connection.execute(_ENDED, {"review": url.rpartition("/")[2], "code": code})
    ask(page)
    expect(page.locator(f"#found-{code}")).to_contain_text("The website is silent. Wake it.")
    expect(page.locator(f"#found-{code} .tag").first).to_have_text("Failed")
    expect(typed).to_be_focused()
    page.keyboard.type("elf")
    expect(typed).to_have_value("I looked at it myself")
    assert page.evaluate("window.isTheSamePage") is True
    expect(page.locator("[hx-swap-oob]")).to_have_count(0)


def test_a_partner_sees_the_steps_of_a_review_go_on_without_a_reload(shared_service: Service, opened: Opened) -> None:
    url = review_page(shared_service, "live-partner")
    code = _machine_step(shared_service, url)
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}/apps/live-partner/review")
    expect(page.locator("#found")).to_contain_text("under way")
    page.get_by_role("link", name="Your Apps").focus()
    with shared_service.engine.begin() as connection:
        connection.execute(_ENDED, {"review": url.rpartition("/")[2], "code": code})
    ask(page, "#found")
    expect(page.locator("#found")).to_contain_text("The website is silent. Wake it.")
    expect(page.get_by_role("link", name="Your Apps")).to_be_focused()


@pytest.mark.parametrize("has_scripts", [False])
def test_without_scripts_a_link_looks_again_at_the_steps(shared_service: Service, opened: Opened) -> None:
    url = held_review_page(shared_service, "live-plain")
    code = _machine_step(shared_service, url)
    for role, where, part in (
        ("reviewer", url, "#progress"),
        ("partner", f"{shared_service.url}/apps/live-plain/review", "#found"),
    ):
        opened.sign_in(shared_service, role)
        opened.page.goto(where)
        with shared_service.engine.begin() as connection:
            connection.execute(_ENDED, {"review": url.rpartition("/")[2], "code": code})
        opened.page.locator(part).get_by_role("link", name="Look again").click()
        expect(opened.page.get_by_role("main")).to_contain_text("The website is silent. Wake it.")
