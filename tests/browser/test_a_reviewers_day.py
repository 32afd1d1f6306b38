"""A reviewer's day with thirty submissions: by keyboard, with a colleague, two tabs, and a session that ends."""

from collections.abc import Sequence

from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.api.running import Service
from tests.browser.opening import Opened
from tests.browser.test_reviewing_by_keyboard import Keyboard, in_another_window
from tests.console.signing_in import link_of
from tests.journeys import app_building, ask, judge

SUBMISSIONS = 30
BY_HAND = 3
"""Of these the reviewer takes the steps; of the others a colleague has passed them."""
_PASSED = """
    UPDATE review_step s SET state = 'passed', status = 'done', decided_at = now()
      FROM review r JOIN app a ON a.id = r.app_id
     WHERE r.id = s.review_id AND a.slug = ANY(:slugs) AND (s.code <> 'end_to_end_check' OR a.slug <> ALL(:by_hand))
"""
_ASKED = """
    SELECT a.slug, array_agg(q.trigger || ' ' || q.status) AS asked
      FROM app a LEFT JOIN transition_request q
        ON q.app_id = a.id AND q.trigger IN ('approve', 'request_changes') AND q.status <> 'void'
     WHERE a.slug = ANY(:slugs) GROUP BY a.slug
"""


def submitted(service: Service) -> list[str]:
    """Has thirty Apps wait for their first review, and returns their slugs, in the order in which they are due."""
    slugs = [f"day-{number:02}" for number in range(SUBMISSIONS)]
    for slug in slugs:
        app_building(service.engine, service.people, slug)
        ask(service.engine, service.people.partner, slug, AppTrigger.SUBMIT)
    judge(service.engine)
    with Session(service.engine) as session, session.begin():
        session.execute(text(_PASSED), {"slugs": slugs, "by_hand": slugs[:BY_HAND]})
    return slugs


def asked_on(service: Service, slugs: Sequence[str]) -> dict[str, list[str]]:
    """Returns what was asked for on each App, and what became of it. What was taken back is left out."""
    with service.engine.connect() as connection:
        rows = connection.execute(text(_ASKED), {"slugs": list(slugs)})
        return {row.slug: [one for one in row.asked if one] for row in rows}


def take_next(page: Page, keyboard: Keyboard) -> None:
    """Takes the next review by the button that has the focus after a decision, or by its key."""
    before, taking = page.url, page.get_by_role("button", name="Take the next review")
    if page.get_by_role("button", name="Undo it").count():
        expect(taking).to_be_focused()
        keyboard.press("Enter")
    else:
        keyboard.press("n", "Enter")
    expect(page).not_to_have_url(before)


def approve(page: Page, keyboard: Keyboard) -> None:
    """Takes the steps that are left, and approves."""
    while page.locator("[data-todo]").count():
        before = page.locator("[data-todo]").count()
        keyboard.press("p", "Enter")
        expect(page.locator("[data-todo]")).to_have_count(before - 1)
    keyboard.press("a", "Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()


def slug_of(service: Service, page: Page) -> str:
    """Returns the slug of the App whose review the page shows."""
    return str(service.reviewer("GET", f"/v1/reviews/{page.url.rpartition('/')[2].split('#')[0]}").json()["app"])


def test_thirty_submissions_are_decided_and_nothing_is_lost_and_nothing_done_twice(
    shared_service: Service, opened: Opened
) -> None:
    service = shared_service
    slugs = submitted(service)
    opened.sign_in(service, "reviewer")
    page, keyboard = opened.page, Keyboard(opened.page)
    page.goto(f"{service.url}/reviews")
    expect(page.locator("#queue tbody tr")).to_have_count(SUBMISSIONS)
    keyboard.press("n", "Enter")
    page.wait_for_url("**/reviews/*-*-*")

    for _ in range(BY_HAND):
        approve(page, keyboard)
        take_next(page, keyboard)
    undone(page, keyboard)
    take_next(page, keyboard)
    meanwhile = decided_meanwhile(service, page)
    take_next(page, keyboard)
    in_two_tabs(page)
    take_next(page, keyboard)
    back_and_again(page, keyboard)
    take_next(page, keyboard)
    page.get_by_role("button", name="Approve", exact=True).dblclick()
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    take_next(page, keyboard)
    after_the_session(service, page)
    decided = BY_HAND + 6
    while decided < SUBMISSIONS:
        if decided % 5 == 0:
            let_them_take_effect(service)  # or the reviewer would hold as many as the policy allows
        take_next(page, keyboard)
        approve(page, keyboard)
        decided += 1

    keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("No review waits")
    asked = asked_on(service, slugs)
    assert {slug: len(one) for slug, one in asked.items()} == dict.fromkeys(slugs, 1)
    assert asked[meanwhile] == ["approve applied"], "the colleague's"
    assert sum(one[0].startswith("request_changes") for one in asked.values()) == 2
    assert keyboard.presses <= 12 * SUBMISSIONS


def let_them_take_effect(service: Service) -> None:
    """Has the time be over in which the decisions so far can be undone."""
    with Session(service.engine) as session, session.begin():
        session.execute(text("UPDATE transition_request SET due_at = now() WHERE status = 'due'"))
    judge(service.engine)


def undone(page: Page, keyboard: Keyboard) -> None:
    """Asks for changes, takes it back with its words, and approves."""
    page.get_by_label("In your own words").fill("Say what the charts show.")
    keyboard.press("Escape", "r", "Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    keyboard.press("u", "Enter")
    expect(page.get_by_label("In your own words")).to_have_value("Say what the charts show.")
    page.get_by_label("In your own words").fill("")
    keyboard.press("Escape")
    approve(page, keyboard)


def decided_meanwhile(service: Service, page: Page) -> str:
    """Has an admin decide while the reviewer types: the page says so, and the words become a note. Returns the slug."""
    path, slug = f"/v1/reviews/{page.url.rpartition('/')[2]}", slug_of(service, page)
    page.get_by_label("In your own words").fill("Half a thought about this one.")
    expect(page.locator("[data-kept]")).to_have_text("Your draft is kept.")
    taken = service.admin("POST", f"{path}/hand-over", {"to": str(service.people.admin.id)})
    assert taken.status_code == 200, taken.text
    assert service.admin("POST", f"{path}/decision", {"decision": "approve"}).status_code == 202
    judge(service.engine)
    page.evaluate("htmx.trigger('#standing', 'every')")
    expect(page.locator("#standing")).to_contain_text("Decided by")
    expect(page.get_by_label("In your own words")).to_have_value("Half a thought about this one.")
    page.get_by_role("button", name="Ask for changes", exact=True).click()
    expect(page.get_by_label("What you were about to say")).to_have_value("Half a thought about this one.")
    page.get_by_role("button", name="Keep it as a note for colleagues").click()
    expect(page.get_by_role("region", name="Notes, which partners never see")).to_contain_text("Half a thought")
    expect(page.get_by_role("region", name="Your words are kept")).to_have_count(0)
    page.goto(page.url.partition("#")[0])
    return slug


def in_two_tabs(page: Page) -> None:
    """Decides in one tab, and then otherwise in another that still shows the form."""
    with in_another_window(page, page.url) as second:
        second.get_by_label("In your own words").fill("Said in the second tab.")
        expect(second.locator("[data-kept]")).to_have_text("Your draft is kept.")
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_role("button", name="Undo it")).to_be_visible()
        second.get_by_role("button", name="Ask for changes", exact=True).click()
        expect(second.get_by_role("alert")).to_contain_text("has decided on this review already")
        expect(second.locator("body")).to_contain_text("Said in the second tab.")


def back_and_again(page: Page, keyboard: Keyboard) -> None:
    """Decides, goes back to the form, and sends it once more."""
    page.get_by_label("In your own words").fill("Say how to set it up.")
    keyboard.press("Escape", "r", "Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    page.go_back()
    again = page.get_by_role("button", name="Ask for changes", exact=True)
    if again.count():
        again.click()
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()


def after_the_session(service: Service, page: Page) -> None:
    """Sends a decision after the session has ended, signs in in another tab, and sends it again."""
    page.get_by_label("In your own words").fill("The links carry no UTM parameters.")
    with service.engine.begin() as connection:
        ended = "UPDATE api_token SET revoked_at = now() WHERE kind = 'session' AND person_id = :id"
        connection.execute(text(ended), {"id": service.people.reviewer.id})
    page.get_by_role("button", name="Ask for changes", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(page.get_by_role("main")).to_contain_text("The links carry no UTM parameters.")
    with in_another_window(page, link_of(service, service.people.reviewer)) as second:
        second.get_by_role("main").get_by_role("button").click()
        second.wait_for_url("**/reviews")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
