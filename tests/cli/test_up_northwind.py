"""`devcenter up --demo` for another platform: no output, mail, row or answer names the default platform."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from cli.home import Home
from cli.mail import Mailbox
from models.checklist import GIVEN_REQUIREMENTS
from tests.api.service import UNLIMITED, Caller
from tests.cli.command import ANY_PORTS, COMMAND, environment
from tests.profiles import NORTHWIND, default_names_in
from tests.waiting import wait_until
from workflow.profile.loading import load_profile

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "cli", "console", "models", "runtime", "tracking", "web", "workers", "workflow", "docs/guides")
SOURCES = tuple(ROOT / room for room in ROOMS)
CHOOSING = {"cli/profile_page.py", "runtime/settings.py", "workflow/profile/loading.py"}
"""Sources that define the default platform."""
_ENGLISH = re.compile(
    r"(?<![\w./\"'-])segment(?![\w\"'/-]|\.(?:com|io)\b)|\b\w+_segments?\b|\bsegment_\w+|\b_\w*SEGMENT\w*|\b[A-Z]\w+Segment\b"
)
"""Where the English word is used, as in: a segment of a path, of the history, or of a JPEG."""
PAGES = ("/docs", "/partners", "/blog/announcement")
OWN_WORDS = re.compile(r"\{(\w+)\}")
SEEN_BY_NOBODY = {"/v1/apps/{slug}/test-account", "/v1/transition-requests", "/v1/reviews/{review_id}/draft"}
"""Routes that nobody may read once the journey is over, or that answer only a key that the caller chose."""


@dataclass(frozen=True, slots=True)
class Northwind:
    """The installation after the journey, with a caller for each role."""

    home: Home
    said: str
    callers: dict[str, Caller]
    pages: str
    database_url: str

    @property
    def url(self) -> str:
        return self.callers["admin"].url


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Northwind]:
    folder = tmp_path_factory.mktemp("northwind")
    output = folder / "output"
    # By its path in the repository, and by that of a copy: a profile may be anywhere, together with its guides.
    profile = folder / "profile.toml"
    for file in NORTHWIND.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with output.open("wb") as written:
        up = subprocess.Popen(
            [*COMMAND, "up", "--demo"],
            cwd=folder,
            env=environment(DEVCENTER_PROFILE=profile.name, **ANY_PORTS, **UNLIMITED),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    home = Home(folder / ".devcenter")
    try:
        wait_until(lambda: up.poll() is not None or "Ctrl-C stops everything" in output.read_text(), seconds=180)
        assert up.poll() is None, output.read_text()
        run: dict[str, Any] = json.loads((home.path / "run.json").read_text())
        callers = {role: Caller(run["api_url"], token) for role, token in run["tokens"].items()}
        said = output.read_text()
        (pages,) = re.findall(r"^Pages +(http\S+)/docs ", said, re.MULTILINE)
        yield Northwind(home, said, callers | {"nobody": Caller(run["api_url"])}, pages, run["database_url"])
    finally:
        if up.poll() is None:
            up.terminate()
            up.wait(60)
    assert not [name for name, pid in run["pids"].items() if psutil.pid_exists(pid)]


def test_the_journey_reaches_public_and_what_it_says_names_only_its_platform(northwind: Northwind) -> None:
    assert "is public in the database" in northwind.said
    assert "Northwind Allies" in northwind.said
    assert not default_names_in(northwind.said)


def test_no_mail_names_the_default_platform(northwind: Northwind) -> None:
    letters = {str(one.message["Subject"]): one.as_text() for one in Mailbox(northwind.home.mail).letters()}
    assert len(letters) >= 10
    assert "is admitted to the Northwind Partner Desk" in letters['Welcome, "Acme"']
    assert not {subject: found for subject, words in letters.items() if (found := default_names_in(subject + words))}


def test_the_acknowledgement_says_by_when_the_review_decides(northwind: Northwind) -> None:
    due = _column(
        northwind.database_url,
        """SELECT to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM review
            WHERE kind = 'first' ORDER BY opened_at""",
    )
    subject = '"Acme Insights" is submitted for review'
    sent = [one for one in Mailbox(northwind.home.mail).letters() if one.message["Subject"] == subject]
    to_owner = [one.as_text() for one in sent if str(one.message["To"]).startswith("paula@")]
    assert len(due) == len(to_owner) == 2
    for moment, words in zip(due, to_owner, strict=True):
        assert f"a decision by {moment} UTC." in " ".join(words.split())


def test_no_page_names_the_default_platform(northwind: Northwind) -> None:
    addresses = [northwind.url + path for path in ("/docs", "/docs/start.js", "/openapi.json", "/", "/lost-token")]
    addresses += [northwind.pages + path for path in PAGES]
    pages = {address: requests.get(address, timeout=20) for address in addresses}
    assert all(page.ok for page in pages.values())
    assert "<title>Northwind Partner Desk" in pages[f"{northwind.url}/docs"].text
    assert "X-Northwind-Settings" in pages[f"{northwind.url}/openapi.json"].json()["info"]["description"]
    assert (
        "https://www.northwind.example/?utm_source=acme&amp;nw_partner=yes" in pages[f"{northwind.pages}/partners"].text
    )
    assert not {address: found for address, page in pages.items() if (found := default_names_in(page.text))}


def test_no_read_answers_with_the_default_platform(northwind: Northwind) -> None:
    described = requests.get(f"{northwind.url}/openapi.json", timeout=20).json()["paths"]
    known = _values(northwind)
    unread = set()
    for path in (path for path, calls in described.items() if "get" in calls):
        answers = list(_reads(northwind, path, known))
        assert not {place: found for place, answer in answers if (found := default_names_in(answer.text))}
        if set(OWN_WORDS.findall(path)) <= set(known) and not any(answer.ok for _, answer in answers):
            unread.add(path)
    assert unread <= SEEN_BY_NOBODY


def test_no_refusal_and_no_finding_names_the_default_platform(northwind: Northwind) -> None:
    partner, slug = northwind.callers["partner"], _new_app(northwind, "refused")
    reserved = partner("POST", "/v1/apps", {"slug": "n0rthwind-labs", "name": "Other"})
    assert reserved.json()["code"] == "slug.reserved"
    item = f"/v1/apps/{slug}/checklist"
    answers = [
        reserved,
        partner("POST", f"/v1/apps/{slug}/components", {"kind": "stream", "name": "S", "settings": {}}),
    ]
    answers += [partner("PUT", f"{item}/{code}", {"evidence": {}}) for code in GIVEN_REQUIREMENTS]
    answers += [partner("GET", f"/v1/apps/{slug}/triggers"), partner("GET", "/v1/catalog?category=Analytics")]
    assert "Warehouses, Dashboards, Surveys" in answers[-1].text
    for guide, requirement in (("documentation-stream", "platform_documentation"), ("catalog-text", "catalog_details")):
        template = requests.get(f"{northwind.url}/v1/guides/{guide}", timeout=20).text
        screenshots = partner("GET", f"/v1/apps/{_app_of(northwind)}/assets").json()["items"]
        evidence = {"text": template} | ({"screenshots": [screenshots[0]["id"]]} if guide == "catalog-text" else {})
        answers.append(partner("PUT", f"{item}/{requirement}", {"evidence": evidence}))
    malformed = {"X-Northwind-Settings": "no base64 at all"}
    event = {"type": "track", "event": "E", "messageId": "1", "userId": "u"}
    answers.append(
        requests.post(f"{northwind.pages}/webhook", json=event, headers=malformed, auth=("acme-key", ""), timeout=20)
    )
    assert answers[-1].json()["message"] == "X-Northwind-Settings is not base64 of JSON."
    assert not [found for answer in answers if (found := default_names_in(answer.text))]


def test_nothing_that_is_stored_names_the_default_platform(northwind: Northwind) -> None:
    rows = list(_rows(northwind.database_url))
    assert any("has no link to northwind.example or northwind.test" in row for _, row in rows)
    assert not {table: found for table, row in rows if (found := default_names_in(row))}


def test_the_search_finds_each_name_of_the_default_platform_and_excepts_the_protocols() -> None:
    for named in ("in Segment.", "SEGMENT", "x-segment-settings", "//docs.segment.com/", "Select Partner Program"):
        assert default_names_in(named), named
    assert not default_names_in('{"integrations": {"Segment.io": {}}} and audience segments')


def test_no_source_names_the_default_platform_but_those_that_choose_it() -> None:
    files = (file for folder in SOURCES for kind in ("*.py", "*.md", "*.html", "*.js") for file in folder.rglob(kind))
    texts = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}
    assert len(texts) > 200
    found = {file: names for file, text in texts.items() if (names := default_names_in(_ENGLISH.sub("", text)))}
    assert set(found) == CHOOSING


def _app_of(northwind: Northwind) -> str:
    (slug,) = _column(northwind.database_url, "SELECT slug FROM app WHERE state = 'public'")
    return slug


def _new_app(northwind: Northwind, slug: str) -> str:
    made = northwind.callers["partner"]("POST", "/v1/apps", {"slug": slug, "name": slug.capitalize()})
    assert made.status_code == 201
    return slug


def _values(northwind: Northwind) -> dict[str, list[str]]:
    """Returns values for the parameters of paths, by name, from what the journey left behind."""
    slug = _app_of(northwind)
    building = f"/v1/apps/{_new_app(northwind, 'previewed')}"
    preview = northwind.callers["partner"]("POST", f"{building}/previews", {"days": 1}).json()["path"]
    ids = {
        name: _column(northwind.database_url, f"SELECT id::text FROM {table}")
        for name, table in (
            ("review_id", "review"),
            ("component_id", "component"),
            ("asset_id", "asset"),
            ("organization_id", "organization"),
        )
    }
    asked = [_column(northwind.database_url, f"SELECT id::text FROM {table} LIMIT 2") for table in _ASKED]
    return ids | {
        "slug": [slug],
        "request_id": [one for some in asked for one in some],
        "name": [guide.name for guide in load_profile(NORTHWIND).guides],
        "code": ["app_info", "partners_page.no_utm", *_in_mails(northwind, r"/(?:proofs|invitations)/([\w-]+)")],
        "version": ["1"],
        "kind": ["notification"],
        "token": [preview.rpartition("/")[2], *_in_mails(northwind, r"/unsubscribe/([\w=-]+)")[:1]],
    }


def _in_mails(northwind: Northwind, pattern: str) -> list[str]:
    """Returns what the pattern's group matches in the texts of the mails that were sent."""
    letters = Mailbox(northwind.home.mail).letters()
    return [found for letter in letters for found in re.findall(pattern, letter.as_text())]


_ASKED = ("transition_request", "access_request")


def _reads(northwind: Northwind, path: str, known: dict[str, list[str]]) -> Iterator[tuple[str, requests.Response]]:
    """Returns the answers of `path` to each role, for each value that its parameters may have."""
    names = OWN_WORDS.findall(path)
    for values in product(*(known.get(name, ["unknown"]) for name in names)):
        place = path.format(**dict(zip(names, values, strict=True)))
        for role, caller in northwind.callers.items():
            yield f"{role} {place}", caller("GET", place)


def _rows(database_url: str) -> Iterator[tuple[str, str]]:
    """Returns every row of every table, as the table's name and the row's values in JSON."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        readable = text("SELECT has_table_privilege(:table, 'SELECT')")
        for table in tables:
            if connection.scalar(readable, {"table": table}):
                for row in connection.scalars(text(f'SELECT row_to_json(t)::text FROM "{table}" t')):
                    yield table, row
    engine.dispose()


def _column(database_url: str, query: str) -> list[str]:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = [str(value) for value in connection.scalars(text(query))]
    engine.dispose()
    return found
