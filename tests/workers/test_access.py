"""How a company gets access, with real processes: website check, mailed invitation, deletion of the code."""

from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import Engine, TextClause, text

from tests.api.access import body_of
from tests.api.service import Caller, api_running
from tests.console.browsing import Page, opened
from tests.databases import TestDatabase
from tests.journeys import people_in, token_of
from tests.mailbox import Mailbox
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment


def test_a_company_gets_in_by_the_mail_that_its_approval_sends(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    people = people_in(engine)
    with Mailbox() as mailbox, api_running(database.application_url, valkey_url, tmp_path) as url:
        env = environment(
            database.application_url,
            valkey_url,
            DEVCENTER_SMTP_PORT=str(mailbox.port),
            DEVCENTER_PUBLIC_URL=url,
            DEVCENTER_MAIL_FROM="devcenter@platform.example",
        )
        with forked(WORKER, env, tmp_path / "log"):
            asked = Caller(url)("POST", "/v1/access-requests", body_of("beta")).json()
            letter = wait_until(lambda: _letters(mailbox, "Confirm your address"), seconds=30, what="the link")[0]
            assert letter["To"] == "pat@beta.example"
            assert "List-Unsubscribe" not in letter
            assert _page_of(letter, url).press().heading == "Your address is confirmed"
            reviewer = Caller(url, token_of(engine, people.reviewer))
            path = f"/v1/access-requests/{asked['id']}"
            wait_until(lambda: reviewer("GET", path).json()["website_check"] == "done", seconds=30)
            assert [one["code"] for one in reviewer("GET", path).json()["findings"]] == ["website.name.unresolved"]
            assert reviewer("POST", f"{path}/decision", {"decision": "approve"}).status_code == 200
            welcome = wait_until(lambda: _letters(mailbox, 'Welcome, "beta"'), seconds=30, what="the welcome")[0]
            assert welcome["To"] == "pat@beta.example"
            assert "List-Unsubscribe" not in welcome
            token = _page_of(welcome, url).press().tree.xpath("string(//*[@id='token'])")
            assert Caller(url, token)("GET", "/v1/apps").status_code == 200
            sealed = text("SELECT count(*) FROM notification WHERE data ? 'sealed'")
            wait_until(lambda: _count(engine, sealed) == 0, what="the code to be forgotten")


def _letters(mailbox: Mailbox, subject: str) -> list[EmailMessage]:
    return [letter for letter in list(mailbox.letters) if letter["Subject"].startswith(subject)]


def _page_of(letter: EmailMessage, url: str) -> Page:
    """Returns the page that the mail links to."""
    return opened(next(word for word in letter.get_content().split() if word.startswith(url)))


def _count(engine: Engine, statement: TextClause) -> int:
    with engine.connect() as connection:
        return int(connection.execute(statement).scalar_one())
