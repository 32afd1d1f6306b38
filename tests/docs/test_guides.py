"""The guides for partners, reviewers, services and admins, played as one story against a live service."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cli.demo.journey import launch_text
from cli.seed import seed
from examples.partner.server import ExamplePartner
from tests.api.service import Caller, api_running
from tests.databases import TestDatabase
from tests.docs.blocks import sections_of
from tests.docs.story import Story
from tests.journeys import now_of
from tests.mailbox import Mailbox
from tests.preloaded import forked
from tests.tracking.sandbox import tracking_running
from tests.waiting import wait_until
from tests.workers.processes import ROOT, WORKER, environment
from workflow.profile.loading import load_profile

DOCS = ROOT / "docs"
PARTNERS, REVIEWERS, SERVICES, ADMINS = "partners.md", "reviewers.md", "services.md", "admins.md"

STORY = (
    (PARTNERS, "Ask for access"),
    (REVIEWERS, "Decide who comes in"),
    (PARTNERS, "Accept the invitation"),
    (ADMINS, "Make tokens"),
    (PARTNERS, "Invite colleagues"),
    (PARTNERS, "Your tokens, your address, your company"),
    (PARTNERS, "Create the App"),
    (PARTNERS, "Add Components"),
    (PARTNERS, "Map events to requests"),
    (PARTNERS, "See the request that would be sent"),
    (PARTNERS, "Show which hosts are yours"),
    (PARTNERS, "Test each Component"),
    (PARTNERS, "Test a stream"),
    (PARTNERS, "Test a plugin"),
    (PARTNERS, "Give the launch checklist"),
    (PARTNERS, "Check it before you submit"),
    (PARTNERS, "Look at your entry"),
    (PARTNERS, "Submit"),
    (PARTNERS, "See where it stands"),
    (REVIEWERS, "Save reasons that come again"),
    (REVIEWERS, "Take a review from the queue"),
    (REVIEWERS, "Look at what was submitted"),
    (REVIEWERS, "Take your steps"),
    (REVIEWERS, "Write to the partner, or for yourselves"),
    (PARTNERS, "Talk to the reviewer"),
    (REVIEWERS, "Ask for changes"),
    (PARTNERS, "When changes are asked for"),
    (REVIEWERS, "When it comes back"),
    (REVIEWERS, "Approve"),
    (PARTNERS, "After the approval"),
    (SERVICES, "Read what is published"),
    (SERVICES, "Report customers and installs"),
    (SERVICES, "Report in bulk"),
    (SERVICES, "See what counts"),
    (SERVICES, "Ask for a transition"),
    (SERVICES, "Ask for many at once"),
    (SERVICES, "The last customers"),
    (PARTNERS, "When it is public"),
    (PARTNERS, "Join the Select Partner Program"),
    (REVIEWERS, "Decide on the Select Partner Program"),
    (REVIEWERS, "Suspend and reinstate"),
    (REVIEWERS, "How the desk does"),
    (ADMINS, "Change the policy"),
    (PARTNERS, "When your Components are tested again"),
    (PARTNERS, "Change what is public"),
    (REVIEWERS, "Take the next one"),
    (REVIEWERS, "Decide a revision"),
    (PARTNERS, "When you do not agree"),
    (REVIEWERS, "Decide an appeal"),
    (PARTNERS, "Take it off the catalog"),
    (ADMINS, "Add and remove reviewers and admins"),
    (ADMINS, "Help a company"),
    (ADMINS, "Look at what went wrong"),
    (ADMINS, "Look up who did what"),
    (ADMINS, "Remove an App"),
)
"""The order in which the sections of the guides happen."""


@pytest.fixture
def story(database: TestDatabase, valkey_url: str, tmp_path: Path) -> Iterator[Story]:
    """A live installation that has only a reviewer, a service and an admin."""
    engine = create_engine(database.application_url)
    with Session(engine) as session, session.begin():
        tokens = seed(session, now_of(session), "guides")
    engine.dispose()
    with ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox())
        pages = stack.enter_context(ExamplePartner()).url
        settings = {"DEVCENTER_ALLOW_LOOPBACK_URLS": "true", "DEVCENTER_SMTP_PORT": str(mailbox.port)}
        env = environment(database.application_url, valkey_url, **settings)
        stack.enter_context(forked(WORKER, env, tmp_path / "worker.log"))
        url = stack.enter_context(api_running(database.application_url, valkey_url, tmp_path, **settings))
        tracking = stack.enter_context(tracking_running(database.tracking_url, valkey_url, tmp_path))
        known = {role.upper(): token for role, token in tokens.items()} | {
            "TRACKING": tracking,
            "PAGES": pages,
            "IN_A_WEEK": f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}",
            "DOCUMENTATION": _in_json(launch_text("documentation.md", load_profile())),
            "CATALOG_TEXT": _in_json(launch_text("catalog.md", load_profile())),
        }
        yield Story(url, mailbox, ROOT, known)


def test_the_guides_tell_one_story_and_their_examples_happen_as_shown(story: Story, valkey_url: str) -> None:
    for guide, section in STORY:
        assert story.play(DOCS / guide, section)
    _curl_does_what_its_example_shows(story)
    _the_message_of_the_page_about_messages_is_taken_in(story, valkey_url)
    _the_page_of_calls_needs_nothing_from_elsewhere(story)


def test_every_section_with_examples_has_its_place_in_the_story() -> None:
    told = [
        (guide, section) for guide in (PARTNERS, REVIEWERS, SERVICES, ADMINS) for section in sections_of(DOCS / guide)
    ]
    assert sorted(told) == sorted(STORY)


def _curl_does_what_its_example_shows(story: Story) -> None:
    """Runs the line that shows readers how to send an example."""
    line = (DOCS / PARTNERS).read_text().partition("```sh\n")[2].partition("```")[0]
    env = os.environ | {"API": story.api_url, "TOKEN": story.known["PARTNER"]}
    said = subprocess.check_output(line, shell=True, env=env)  # noqa: S602 - the line under test
    assert json.loads(said)["slug"] == "my-app"


def _the_message_of_the_page_about_messages_is_taken_in(story: Story, valkey_url: str) -> None:
    program = (DOCS / "messages.md").read_text().partition("```python\n")[2].partition("```")[0]
    env = os.environ | {"REDIS_URL": valkey_url, "DEVCENTER_TOKEN": story.known["SERVICE"]}
    subprocess.run([sys.executable, "-c", program], env=env, check=True, timeout=30)
    service = Caller(story.api_url, story.known["SERVICE"])

    def sources() -> set[str]:
        asked = service("GET", "/v1/apps/acme-insights/transition-requests").json()["items"]
        return {one["source"] for one in asked}

    wait_until(lambda: "message" in sources(), seconds=30, what="the request of the message")


def _the_page_of_calls_needs_nothing_from_elsewhere(story: Story) -> None:
    visitor = Caller(story.api_url)
    page = visitor("GET", "/docs")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json"} <= set(named)
    assert all(visitor("GET", place).status_code == 200 for place in named)
    assert "<script>" not in page.text
    assert visitor("GET", "/docs/nothing.js").status_code == 404


def _in_json(words: str) -> str:
    """Returns a text as it is written inside a JSON string."""
    return json.dumps(words)[1:-1]
