"""The data of each released revision comes up under today's code: see dumps/README.md."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from migrations.run import upgrade
from models import Base, Person
from models.lifecycle import AppTrigger, Role
from tests.api.invariants import NEVER, unlike_their_logs
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, KEY, ask, judge, judging, now_and_writer, outcome_of, state_of
from tests.stored import connect
from workflow.catalog.listing import CatalogFilter, find_entry, list_entries
from workflow.history.verification import verify_history
from workflow.identity.actors import Actor
from workflow.lifecycle.batch import judge_suspect
from workflow.pages import PageRequest

DUMPS = sorted((Path(__file__).parent / "dumps").glob("*.sql"))
ABOUT_REVIEWS = (
    "the open review is not the one that the App names, or of no kind that its state can have",
    "a review did not end with the row of the log that ended it",
    "what is public was not approved last",
    "the catalog shows something else than what is public",
    "a suspension goes on though the App is not suspended, or the other way round",
)
TABLES = """
    SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND relname <> 'alembic_version'
"""


@pytest.fixture(params=DUMPS, ids=lambda dump: dump.stem)
def dump(request: pytest.FixtureRequest) -> Path:
    """The file of a dump; its name is the revision."""
    found: Path = request.param
    return found


@pytest.fixture
def restored(empty_database: TestDatabase, dump: Path) -> Iterator[Engine]:
    """A database that held the dump's data when today's migrations came, as the application role sees it."""
    database = empty_database
    upgrade(database.owner_url, dump.stem)
    with connect(database.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM policy_version")
        superuser.execute(dump.read_bytes())
        assert not empty_tables(superuser)
    upgrade(database.owner_url)
    engine = create_engine(database.application_url)
    yield engine
    engine.dispose()


def test_there_is_a_dump_of_each_released_revision() -> None:
    assert [dump.stem for dump in DUMPS] == [f"000{number}" for number in range(1, 10)]


def test_a_dump_of_a_released_revision_comes_up_and_goes_on(restored: Engine) -> None:
    with Session(restored) as session:
        assert list(verify_history(session, KEY)) == []
        assert list(unlike_their_logs(session)) == [], "what was filled in is not what a replay of the log leads to"
        for meaning in ABOUT_REVIEWS:
            assert session.execute(text(NEVER[meaning])).all() == [], meaning
        assert slugs(session) == ["beta-one"]
        assert find_entry(session, "beta-one") is not None
        for table in Base.metadata.sorted_tables:
            session.execute(select(table)).all()
        admin = session.scalars(select(Person).where(Person.role == "admin")).one()
        actor = Actor(admin.id, Role.ADMIN)
    request_id = ask(restored, actor, "suspended-one", AppTrigger.REINSTATE, reasons=BECAUSE)
    suspects = [app_id for report in judge(restored) for app_id in report.suspects]
    for app_id in suspects[:1]:  # what a killed batch had in hand is judged alone
        with judging(restored) as (session, mark):
            judge_suspect(session, app_id, now_and_writer=now_and_writer, mark_in_flight=mark)
    assert outcome_of(restored, request_id)["status"] == "applied"
    assert state_of(restored, "beta-one")[0] == "suspended", "a request that was due in the dump"
    with Session(restored) as session:
        assert list(verify_history(session, KEY)) == []
        assert slugs(session) == ["suspended-one"]


def slugs(session: Session) -> list[str]:
    """Returns what the catalog lists."""
    return [entry.place.slug for entry in list_entries(session, CatalogFilter(), PageRequest()).rows]


def empty_tables(connection: psycopg.Connection) -> list[str]:
    """Returns the tables without a row."""
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    return [name for name in tables if not connection.execute(f"SELECT FROM {name} LIMIT 1").rowcount]
