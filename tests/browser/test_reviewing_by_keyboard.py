"""A reviewer's work by keyboard alone, with its key presses counted, and drafts that the page keeps by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from models.steps import MACHINE_STEPS
from tests.api.running import Service
from tests.browser.opening import Opened
from tests.console.pages.review import held_review_page
from tests.waiting import wait_until

MOST_PRESSES = 12
"""For a plain review: whose steps a person passes, and which is approved."""


class Keyboard:
    """Presses keys on a page, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        """Presses the keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1


def prepared(service: Service, slug: str) -> str:
    """Has a review wait of which the machines have passed their steps, and returns the path of its page."""
    page = held_review_page(service, slug)
    path = page.removeprefix(service.url)
    for step in service.reviewer("GET", f"/v1{path}").json()["steps"]:
        if step["code"] in MACHINE_STEPS:
            done = service.reviewer("POST", f"/v1{path}/steps/{step['code']}", {"decision": "pass"})
            assert done.status_code == 200, done.text
    assert service.reviewer("POST", f"/v1{path}/release").status_code == 200
    return path


def focused(page: Page) -> Locator:
    """Returns the element that has the focus."""
    return page.locator("*:focus")


def asked_on(service: Service) -> dict[str, str]:
    """Returns what was asked for last on each App by a reviewer."""
    statement = """SELECT a.slug, q.trigger FROM transition_request q JOIN app a ON a.id = q.app_id
                    WHERE q.trigger IN ('approve', 'request_changes') ORDER BY q.id"""
    with service.engine.connect() as connection:
        return {row.slug: row.trigger for row in connection.execute(text(statement))}


def test_three_reviews_are_decided_by_keyboard(shared_service: Service, opened: Opened) -> None:
    slugs = [f"plain-{number}" for number in range(3)]
    for slug in slugs:
        prepared(shared_service, slug)
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(f"{shared_service.url}/reviews")
    keyboard = Keyboard(page)
    counted = []
    keyboard.press("n", "Enter")
    for number in range(3):
        page.wait_for_url("**/reviews/*-*-*")
        while page.locator("[data-todo]").count():
            before = page.locator("[data-todo]").count()
            keyboard.press("p", "Enter")
            expect(page.locator("[data-todo]")).to_have_count(before - 1)
        keyboard.press("a", "Enter")
        expect(page.get_by_role("button", name="Undo it")).to_be_visible()
        expect(page.get_by_role("button", name="Take the next review")).to_be_focused()
        counted.append(keyboard.presses)
        keyboard.presses = 0
        if number < 2:
            decided = page.url
            keyboard.press("Enter")
            expect(page).not_to_have_url(decided)
    assert {slug: asked_on(shared_service)[slug] for slug in slugs} == dict.fromkeys(slugs, "approve")
    assert max(counted) <= MOST_PRESSES, counted


def test_a_failed_step_and_changes_by_keyboard(shared_service: Service, opened: Opened) -> None:
    path = prepared(shared_service, "with-a-flaw")
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(f"{shared_service.url}/reviews?show=unclaimed&app=with-a-flaw")
    keyboard = Keyboard(page)
    keyboard.press("j")
    expect(focused(page)).to_have_attribute("href", path)
    keyboard.press("c", "Enter")
    page.wait_for_url(f"**{path}")
    before = page.locator("[data-todo]").count()
    keyboard.press("f")
    page.keyboard.type("no UTM tags: [see] a/r s")  # letters that are keys elsewhere
    keyboard.press("Control+Enter")
    expect(page.locator("[data-todo]")).to_have_count(before - 1)
    expect(page.get_by_role("heading", name="failed")).to_be_visible()
    page.get_by_label("In your own words").fill("Please tag your links.")
    keyboard.press("Escape", "r", "Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    assert asked_on(shared_service)["with-a-flaw"] == "request_changes"
    keyboard.press("u", "Enter")
    expect(page.get_by_label("In your own words")).to_have_value("Please tag your links.")


def test_keys_are_listed_and_can_be_switched_off(shared_service: Service, opened: Opened) -> None:
    path = prepared(shared_service, "listed")
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(f"{shared_service.url}{path}")
    page.keyboard.press("?")
    listed = page.get_by_role("complementary", name="Keys")
    expect(listed.get_by_role("row", name="Claim")).to_be_visible()
    expect(listed.get_by_role("row", name="Approve")).to_be_hidden()  # nobody approves what they do not hold
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Claim this review")).to_be_focused()
    listed.get_by_role("checkbox").uncheck()
    page.reload()
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Claim this review")).not_to_be_focused()
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Skip to the content")


def test_a_draft_keeps_itself_and_the_page_that_is_left_at_once_keeps_it_too(
    shared_service: Service, opened: Opened
) -> None:
    path = prepared(shared_service, "drafted")
    assert shared_service.reviewer("POST", f"/v1{path}/claim").status_code == 200
    opened.sign_in(shared_service, "reviewer")
    page = opened.page
    page.goto(f"{shared_service.url}{path}")
    page.get_by_label("In your own words").fill("Half a thought")
    expect(page.locator("[data-kept]")).to_have_text("Your draft is kept.")
    page.reload()
    expect(page.get_by_label("In your own words")).to_have_value("Half a thought")
    page.get_by_label("In your own words").fill("Half a thought, and the rest")
    page.goto(f"{shared_service.url}/reviews")  # before the pause in typing is over
    with in_another_window(page, f"{shared_service.url}{path}") as second:
        wait_until(lambda: written_in(second) == "Half a thought, and the rest")


def test_of_two_windows_neither_overwrites_what_the_other_has_written(shared_service: Service, opened: Opened) -> None:
    path = prepared(shared_service, "two-windows")
    assert shared_service.reviewer("POST", f"/v1{path}/claim").status_code == 200
    opened.sign_in(shared_service, "reviewer")
    opened.page.goto(f"{shared_service.url}{path}")
    opened.page.get_by_label("In your own words").fill("The first words")
    expect(opened.page.locator("[data-kept]")).to_have_text("Your draft is kept.")
    with in_another_window(opened.page, f"{shared_service.url}{path}") as second:
        second.get_by_label("In your own words").fill("The second words")
        expect(second.locator("[data-kept]")).to_have_text("Your draft is kept.")
        opened.page.get_by_label("In your own words").fill("The third words")
        expect(opened.page.locator("[data-kept]")).to_contain_text("was changed in another window")
        assert written_in(second) == "The second words"


@contextmanager
def in_another_window(page: Page, url: str) -> Iterator[Page]:
    """Opens another window of the same browser at the address, until the block ends."""
    made = page.context.new_page()
    made.goto(url)
    yield made
    made.close()


def written_in(page: Page) -> str:
    """Returns the own words that the page shows after it was loaded again."""
    page.reload()
    return page.get_by_label("In your own words").input_value()
