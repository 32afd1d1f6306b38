"""Claiming: a worker skips the Apps that others hold, however many of them come first."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.journeys import app_building, ask, people_in
from workflow.lifecycle.claim import QueuePosition, Start, claim_app, claim_due_apps, due_requests


def test_a_second_worker_skips_pages_of_apps_that_the_first_holds(engine: Engine) -> None:
    people = people_in(engine)
    ids = [app_building(engine, people, f"app-{number}") for number in range(5)]
    for number in range(5):
        ask(engine, people.partner, f"app-{number}", AppTrigger.SUBMIT)
    with Session(engine) as first, Session(engine) as second:
        second.execute(text("SET LOCAL transaction_timeout = '10s'"))
        assert claim_due_apps(first, limit=4)().apps == set(ids[:4])
        held = claim_due_apps(second, limit=2)()
        assert not held.apps
        assert held.skipped == set(ids[:2])
        assert claim_due_apps(second, held.skipped | set(ids[2:4]), limit=2)().apps == {ids[4]}


def test_a_claim_reads_no_further_than_its_last_candidate_however_much_waits_for_its_apps(engine: Engine) -> None:
    people = people_in(engine)
    ids = [app_building(engine, people, f"app-{number}") for number in range(2)]
    waiting = [ask(engine, people.partner, f"app-{number % 2}", AppTrigger.SUBMIT) for number in range(10)]
    with Session(engine) as session:
        assert claim_due_apps(session, limit=3)().apps == set(ids)
        assert [one.id for one in due_requests(session, limit=10)] == waiting[:3]


def test_claiming_one_app_claims_all_of_its_due_requests(engine: Engine) -> None:
    people = people_in(engine)
    ids = [app_building(engine, people, f"app-{number}") for number in range(2)]
    waiting = [ask(engine, people.partner, f"app-{number % 2}", AppTrigger.SUBMIT) for number in range(10)]
    with Session(engine) as first, Session(engine) as second:
        assert claim_app(first, ids[0])
        assert [one.id for one in due_requests(first, limit=10)] == waiting[::2]
        assert not claim_app(second, ids[0])
        assert list(due_requests(second, limit=10)) == []


def test_a_claim_begins_at_its_start_position_and_returns_how_far_it_read(engine: Engine) -> None:
    people = people_in(engine)
    ids = [app_building(engine, people, f"app-{number}") for number in range(3)]
    for number in range(3):
        ask(engine, people.partner, f"app-{number}", AppTrigger.SUBMIT)
    with engine.begin() as connection:
        connection.execute(text("UPDATE transition_request SET due_at = now() WHERE app_id <> :id"), {"id": ids[0]})
    with Session(engine) as session:
        places = session.execute(text("SELECT due_at, position FROM transition_request ORDER BY position"))
        due = [QueuePosition(*place) for place in places]
        assert due[1].due_at == due[2].due_at
        behind = QueuePosition(due[2].due_at, due[2].position + 1)
        for first in range(3):
            claim = claim_due_apps(session, limit=3, start=Start(due[first]))()
            assert claim.apps == set(ids[first:])
            assert (claim.seen, claim.oldest, claim.newest) == (3 - first, due[first], due[2])
        assert claim_due_apps(session, limit=3, start=Start(due[1], skip=1))().apps == {ids[2]}
        assert claim_due_apps(session, limit=3, start=Start(behind))().seen == 0
