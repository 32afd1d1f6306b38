"""A partner's whole way in a real browser: from the mail that proves an address to a public App.

Workers send the mails, send the endpoint its events, read the partner's pages and judge what is asked for. Only what a
reviewer and the platform's service do is done by calls of the API.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from cli.demo.journey import launch_text
from examples.partner.server import ExamplePartner
from models.steps import MACHINE_STEPS
from tests.api.running import Service, service_on
from tests.api.service import Caller
from tests.browser.opening import Opened
from tests.databases import TestDatabase
from tests.launch import FOLDER
from tests.mailbox import Mailbox
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment
from workflow.profile.loading import load_profile

APP = "Globex Charts"
SLUG = "globex-charts"
EMAIL = "gwen@globex.example"
EVENT_TYPES = ("identify", "track", "page", "screen", "group", "alias", "delete")
SECONDS = 60
"""How long a worker may take, on a machine that does other work too."""
REQUEST = {
    "Name of the company": "Globex",
    "Website of the company": "https://globex.example",
    "Your name": "Gwen Globex",
    "Your e-mail address": EMAIL,
    "What you want to build": "Customers see their events as charts.",
    "How data comes into your product": "Through our API.",
    "Where the data goes": "Into charts that a team reads together.",
    "What customers do with it": "They ask why users leave.",
    "How you heard of us": "A customer asked for it.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Where a partner goes: the pages in the browser, the mails, and the partner's own site."""

    service: Service
    mailbox: Mailbox
    site: str
    page: Page

    def open_mailed(self, path: str, subject: str = "") -> None:
        """Opens the link to this path, or below it, of the first mail to the partner whose subject has these words."""
        link = re.compile(re.escape(self.service.url + path) + r"[\w/?=&%-]*")

        def found() -> str:
            letters = [one for one in list(self.mailbox.letters) if one["To"] == EMAIL and subject in one["Subject"]]
            return next((led[0] for one in letters if (led := link.search(one.get_content()))), "")

        self.page.goto(wait_until(found, seconds=SECONDS, what=f"a mail with a link to {path}"))

    def press(self, name: str) -> None:
        """Presses the one button of the page's main part that has this name."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follows the one link of the page's main part that has this name."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()

    def fill(self, fields: Mapping[str, str]) -> None:
        """Fills in fields, which are named by their labels."""
        for label, words in fields.items():
            self.page.get_by_label(label, exact=True).fill(words)

    def is_headed(self, heading: str) -> None:
        """Waits for the page with this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)


@contextmanager
def _installed(database: TestDatabase, valkey_url: str, folder: Path, page: Page) -> Iterator[Way]:
    """Runs an API, a worker, a mail server and the partner's site, all on this machine."""
    loopback = {"DEVCENTER_ALLOW_LOOPBACK_URLS": "true"}
    with (
        Mailbox() as mailbox,
        ExamplePartner(app_name=APP) as site,
        service_on(database, valkey_url, folder, **loopback) as service,
    ):
        mails = {"DEVCENTER_SMTP_PORT": str(mailbox.port), "DEVCENTER_PUBLIC_URL": service.url}
        env = environment(database.application_url, valkey_url, **loopback | mails)
        with forked(WORKER, env, folder / "worker.log"):
            yield Way(service, mailbox, site.url, page)


def test_a_partner_goes_from_the_mail_to_a_public_app(
    database: TestDatabase, valkey_url: str, tmp_path: Path, opened: Opened
) -> None:
    with _installed(database, valkey_url, tmp_path, opened.page) as way:
        _ask_for_access(way)
        _accept_the_invitation(way)
        _sign_in(way)
        _make_an_app(way)
        _add_a_component(way)
        _run_its_suite(way)
        _upload_pictures(way)
        _fill_the_checklist(way)
        _submit(way)
        _review(way)
        _see_the_public_beta(way)
        _report_use(way)
        _see_it_public(way)


def _ask_for_access(way: Way) -> None:
    way.page.goto(f"{way.service.url}/request-access")
    way.fill(REQUEST)
    way.page.get_by_label("Subscription:").check()
    way.page.get_by_label("I accept the partner agreement").check()
    way.page.get_by_label("I have read the privacy policy").check()
    way.press("Ask for access")
    way.is_headed("Look at your mail")
    way.open_mailed("/proofs/")
    way.press("Yes, the address is mine")
    expect(way.page.get_by_text("Decision by")).to_be_visible()


def _accept_the_invitation(way: Way) -> None:
    (asked,) = _answer(way.service.reviewer, "GET", "/v1/access-requests?state=requested")["items"]
    _answer(way.service.reviewer, "POST", f"/v1/access-requests/{asked['id']}/decision", {"decision": "approve"})
    way.open_mailed("/invitations/")
    way.press("Accept the invitation")
    way.is_headed("Welcome, Gwen Globex")


def _sign_in(way: Way) -> None:
    way.press("Mail me a link to sign in")
    way.is_headed("Look at your mail")
    way.open_mailed("/sign-in/")
    way.press("Sign in as Gwen Globex")
    way.is_headed("Your Apps")


def _make_an_app(way: Way) -> None:
    way.follow("Create your first App")
    way.fill({"Name": APP, "Name in addresses": SLUG})
    way.press("Create the App")
    way.is_headed(APP)


def _add_a_component(way: Way) -> None:
    way.follow("A working integration")
    way.follow("Add the first Component")
    way.follow("Webhook")
    way.page.get_by_label("Name", exact=True).first.fill("Charts hook")  # each setting has a name too
    way.fill({"Endpoint": f"{way.site}/webhook"})
    for one in EVENT_TYPES:
        way.page.get_by_label(one, exact=True).check()
    way.press("Add the Component")
    way.is_headed("Charts hook")
    way.follow("Test key")
    way.fill({"API key": "acme-key"})
    way.press("Store it")
    expect(way.page.get_by_text("A key is stored")).to_be_visible()


def _run_its_suite(way: Way) -> None:
    way.follow("Test runs")
    way.press("Run the whole suite")
    done = way.page.get_by_text("All cases that count are green.")
    expect(done).to_be_visible(timeout=SECONDS * 1000)
    way.follow(APP)


def _upload_pictures(way: Way) -> None:
    way.follow("Pictures")
    for label, file in (("A logo", "logo.svg"), ("A mark", "mark.svg"), ("A screenshot", "screenshot.png")):
        way.page.get_by_label(label, exact=True).set_input_files(FOLDER / file)
        form = way.page.locator("form", has=way.page.get_by_label(label, exact=True))
        form.get_by_role("button", name="Upload").click()
        expect(way.page.get_by_label(label.replace("A ", "Another "), exact=True)).to_be_visible()
    way.follow(APP)


def _fill_the_checklist(way: Way) -> None:
    page, profile = way.page, load_profile()
    way.follow("What your App is")
    way.fill(
        {
            "Website of the App": way.site,
            "Description": "Globex Charts turns the events of your customers into charts that a team reads together.",
            "Address for questions": "help@globex.example",
        }
    )
    page.get_by_label("Category", exact=True).select_option(profile.platform.categories[0])
    for kind in ("Logo", "Mark"):
        page.get_by_role("group", name=kind).get_by_role("radio").check()
    _save(way)
    way.follow("The entry in the catalog")
    way.fill({"Text of the entry": launch_text("catalog.md", profile)})
    page.get_by_label("Place of screenshot 1").select_option("1")
    _save(way)
    given: dict[str, dict[str, str]] = {
        "Documentation for our pages": {"Documentation": launch_text("documentation.md", profile)},
        "Documentation on your own pages": {"Address of the page": f"{way.site}/docs"},
        "Your page about partners": {"Address of the page": f"{way.site}/partners"},
        "The announcement of the launch": {"Address of the announcement": f"{way.site}/blog/announcement"},
        "A test account for the reviewers": {"User name": "reviewer", "Password": "only-for-reviewers"},
    }
    for requirement, fields in given.items():
        way.follow(requirement)
        way.fill(fields)
        _save(way)
    way.follow("Sending old events again")
    page.get_by_label("Can old events be sent again?").select_option("yes")
    way.fill({"Requests a second": "50"})
    _save(way)


def _save(way: Way) -> None:
    way.press("Save")
    way.is_headed(APP)


def _submit(way: Way) -> None:
    way.follow("Check your answers and submit")
    way.is_headed("Check your answers")
    expect(way.page.get_by_text(f"{way.site}/partners")).to_be_visible()
    way.press("Submit for review")
    way.is_headed(APP)
    expect(way.page.locator("#standing")).to_contain_text("It is the reviewers' turn.")


def _review(way: Way) -> None:
    """Has a reviewer take the steps of people, once workers have taken theirs, and approve."""
    reviewer = way.service.reviewer
    (waiting,) = _answer(reviewer, "GET", f"/v1/reviews?app={SLUG}")["items"]
    path = f"/v1/reviews/{waiting['id']}"
    _answer(reviewer, "POST", f"{path}/claim")

    def steps() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = _answer(reviewer, "GET", path)["steps"]
        pending = [one for one in found if one["code"] in MACHINE_STEPS and one["state"] == "pending"]
        return [] if pending else found

    taken = wait_until(steps, seconds=SECONDS, what="the steps of the workers")
    assert {one["state"] for one in taken if one["code"] in MACHINE_STEPS} == {"passed"}, taken
    for one in taken:
        if one["state"] == "pending":
            _answer(reviewer, "POST", f"{path}/steps/{one['code']}", {"decision": "pass"})
    _answer(reviewer, "POST", f"{path}/decision", {"decision": "approve"})


def _see_the_public_beta(way: Way) -> None:
    way.open_mailed(f"/apps/{SLUG}", "is in public beta")
    expect(way.page.locator("#standing .tag")).to_have_text("Public beta")
    way.page.goto(f"{way.service.url}/catalog/{SLUG}")
    way.is_headed(APP)
    expect(way.page.locator(".entry-head .tag")).to_have_text("Public beta")


def _report_use(way: Way) -> None:
    service, path = way.service.service, f"/v1/apps/{SLUG}"
    wanted = int(_answer(service, "GET", f"{path}/customers")["customers_to_promote"])
    for number in range(wanted):
        _answer(service, "PUT", f"{path}/customers/workspace-{number + 1}")
    way.page.goto(f"{way.service.url}/apps/{SLUG}/customers")
    expect(way.page.get_by_text("not yet")).to_be_visible()
    _answer(service, "PUT", f"{path}/oauth-installs/workspace-1")


def _see_it_public(way: Way) -> None:
    way.open_mailed(f"/apps/{SLUG}", "is public")
    expect(way.page.locator("#standing .tag")).to_have_text("Public")
    way.page.goto(f"{way.service.url}/catalog")
    entry = way.page.get_by_role("main").get_by_role("listitem").filter(has_text=APP)
    expect(entry.locator(".tag")).to_have_text("Public")
    entry.get_by_role("link", name=APP).click()
    way.is_headed(APP)
    expect(way.page.locator(".entry-head .tag")).to_have_text("Public")


def _answer(caller: Caller, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    answer = caller(method, path, body)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found
