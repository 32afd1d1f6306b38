"""Who uses an App, who counts and why not, and what is missing until it is public."""

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.apps import new_app
from tests.console.pages.customers import used_app
from tests.console.signing_in import browser_of


def rows_of(page: Page) -> dict[str, str]:
    """Returns what the page says of each workspace."""
    return {str(row.xpath("string(th)")): " ".join(row.text_content().split()) for row in page.tree.xpath("//tbody/tr")}


def test_each_workspace_says_whether_it_counts_and_the_page_what_is_missing(shared_service: Service) -> None:
    path, browser = used_app(shared_service, "used-a-little"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/customers")
    rows = rows_of(page)
    assert sorted(rows) == ["workspace-one", "workspace-three", "workspace-two"]
    assert " no " in rows["workspace-three"]
    assert "switched off" in rows["workspace-three"]
    assert "2 of 3" in page.words
    assert "2 of 3 customers are onboarded." in page.words
    assert "No workspace has installed the App" in page.words
    assert "may be asked for by" not in page.words
    assert list(rows_of(browser.open(f"{path}/customers?counts=false"))) == ["workspace-three"]
    assert list(rows_of(browser.open(f"{path}/customers?counts=nonsense&of=nothing"))) == list(rows)


def test_installs_are_a_list_of_their_own_and_end_what_is_missing(shared_service: Service) -> None:
    path, browser = used_app(shared_service, "used-enough"), browser_of(shared_service, "partner")
    assert rows_of(browser.open(f"{path}/customers?of=oauth-installs")) == {}
    shared_service.service("PUT", f"/v1{path}/oauth-installs/workspace-one")
    shared_service.service("PUT", f"/v1{path}/customers/workspace-four")
    page = browser.open(f"{path}/customers?of=oauth-installs")
    assert list(rows_of(page)) == ["workspace-one"]
    assert "promotes" in page.words
    assert "customers are onboarded" not in page.words


def test_a_list_of_many_goes_on_with_what_was_chosen(shared_service: Service) -> None:
    path, browser = used_app(shared_service, "used-by-many"), browser_of(shared_service, "partner")
    reports = [{"app": "used-by-many", "use": "customer", "workspace": f"many-{n:03}"} for n in range(60)]
    assert shared_service.service("POST", "/v1/usage", {"items": reports}).status_code == 200
    first = browser.open(f"{path}/customers?counts=true")
    (following,) = first.tree.xpath("//a[@rel='next']/@href")
    second = browser.open(following)
    assert len({**rows_of(first), **rows_of(second)}) == 62
    assert second.tree.xpath("//select[@id='counts']/option[@selected]/@value") == ["true"]


def test_an_app_that_is_not_approved_yet_says_what_comes_first(shared_service: Service) -> None:
    page = browser_of(shared_service, "partner").open(new_app(shared_service, "acme-unused") + "/customers")
    assert "First Acme Charts is approved into public beta." in page.words
