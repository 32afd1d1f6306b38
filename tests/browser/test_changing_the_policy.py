"""An admin's story: one number of the policy is changed, previewed and published, and an App shows the effect."""

from playwright.sync_api import Page, expect
from sqlalchemy import text

from models.lifecycle import AppState
from tests.api.running import Service
from tests.browser.opening import Opened, problems_of
from tests.console.signing_in import link_of
from tests.factories import app_in


def promotion_of(service: Service, slug: str) -> str:
    """Returns what an App lacks before it becomes public, as its partner reads it."""
    triggers = service.partner("GET", f"/v1/apps/{slug}/triggers").json()["triggers"]
    promote = next(one for one in triggers if one["trigger"] == "promote")
    return " ".join(rule["detail"] for rule in promote["unmet"])


def in_view(page: Page, heading: str) -> None:
    """Waits until the page with this heading is shown, and looks whether everybody can use it."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert problems_of(page) == []


def test_an_admin_changes_the_policy_and_an_app_shows_it(shared_service: Service, opened: Opened) -> None:
    app_in(shared_service.engine, shared_service.people, "waiting-app", AppState.PUBLIC_BETA)
    assert "3" in promotion_of(shared_service, "waiting-app")
    opened.sign_in(shared_service, "admin")
    page = opened.page
    page.goto(f"{shared_service.url}/policy")
    in_view(page, "Policy")
    page.get_by_role("link", name="Change the policy").click()
    page.get_by_label("Customers before an App is public").fill("many")
    page.get_by_role("button", name="Show what would change").click()
    in_view(page, "Change the policy")
    expect(page.get_by_role("alert")).to_contain_text("a whole number from 0 to 1000000")
    expect(page.get_by_label("Customers before an App is public")).to_have_value("many")
    page.get_by_label("Customers before an App is public").fill("5")
    page.locator("#review_steps-volume").check()
    page.locator("#observed-volume").check()
    page.get_by_role("button", name="Show what would change").click()
    in_view(page, "What would change")
    expect(page.get_by_role("main")).to_contain_text("3 customers")
    expect(page.get_by_role("main")).to_contain_text("5 customers")
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Customers before an App is public")).to_have_value("5")
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_label("What changes, and why").fill("Five customers, and bursts are tried.")
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE api_token SET authenticated_at = authenticated_at - interval '1 hour'"))
    page.get_by_role("button", name="Publish version").click()
    in_view(page, "Sign in again")
    expect(page.get_by_role("main")).to_contain_text("Five customers, and bursts are tried.")
    again = page.context.new_page()
    again.goto(link_of(shared_service, shared_service.people.admin))
    again.get_by_role("main").get_by_role("button").click()
    again.close()
    page.get_by_role("button", name="Send it again").click()
    in_view(page, "Policy")
    expect(page.get_by_role("status").filter(has_text="is published")).to_be_visible()
    assert "5" in promotion_of(shared_service, "waiting-app")
    page.get_by_role("link", name="All versions").click()
    in_view(page, "Versions of the policy")
    expect(page.get_by_role("article").first).to_contain_text("Five customers, and bursts are tried.")
    (newest, *_) = shared_service.admin("GET", "/v1/policies").json()["items"]
    assert newest["document"]["customers_to_promote"] == 5
    assert "volume" in newest["document"]["review_steps"]
    assert "volume" in newest["document"]["observed"]
