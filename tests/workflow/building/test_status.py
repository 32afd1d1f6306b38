"""The status of an App has words for whatever can happen to it, and for whatever it waits for."""

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models import App, Suspension
from models.lifecycle import NO_REVIEW, AppState, AppTrigger, ReviewKind
from tests.factories import app_in
from tests.journeys import people_in, writer_of
from workflow.building.status import HAPPENED, status_of

WAITS: tuple[tuple[AppState, str, str, tuple[str, ...]], ...] = (
    (AppState.SUBMITTED, ReviewKind.FIRST, "reviewer", ("It is number 1 in the queue; a decision is due by",)),
    (AppState.SUBMITTED, ReviewKind.APPEAL, "reviewer", ("Your appeal is under review by somebody who had no part",)),
    (AppState.PUBLIC_BETA, ReviewKind.REVISION, "reviewer", ("What you changed is under review",)),
    (AppState.SUSPENDED, NO_REVIEW, "partner", ("A revision that is approved lifts", "It can be appealed once.")),
    (AppState.SUSPENDED, ReviewKind.APPEAL, "reviewer", ("Your appeal is under review", "A revision that is approved")),
    (AppState.UNLISTED, NO_REVIEW, "partner", ("It is off the catalog, and the owner of the company can put it back",)),
)


def test_every_trigger_has_words_in_the_history_of_an_app() -> None:
    assert set(HAPPENED) == set(AppTrigger)


@pytest.mark.parametrize(("state", "review", "turn", "words"), WAITS)
def test_the_status_says_what_an_app_waits_for(
    engine: Engine, state: AppState, review: str, turn: str, words: tuple[str, ...]
) -> None:
    people = people_in(engine)
    app_in(engine, people, "acme", state, review)
    with Session(engine) as session:
        writer = writer_of(session)
        app = session.scalars(select(App)).one()
        status = status_of(session, app, people.partner, writer.policies, writer.rulebook)
        assert status.turn == turn
        assert all(said in status.words for said in words), status.words


def test_the_status_of_an_app_that_only_a_reinstatement_brings_back_says_so(engine: Engine) -> None:
    people = people_in(engine)
    app_in(engine, people, "acme", AppState.SUSPENDED)
    with Session(engine) as session:
        session.scalars(select(Suspension)).one().only_reinstated = True
        session.flush()
        writer = writer_of(session)
        app = session.scalars(select(App)).one()
        status = status_of(session, app, people.partner, writer.policies, writer.rulebook)
        assert status.turn == "reviewer"
        assert "No revision lifts the suspension: reviewers reinstate the App" in status.words
