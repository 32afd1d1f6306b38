"""The findings of a machine step are recorded only under the lease of that run."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, StepTrigger
from tests.databases import TestDatabase
from tests.factories import app_in
from tests.journeys import now_of, people_in
from workflow.identity.actors import SCHEDULE
from workflow.reviewing.steps import record_machine_step
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind


@pytest.fixture
def session(database: TestDatabase) -> Iterator[Session]:
    engine = create_engine(database.application_url)
    app_in(engine, people_in(engine), "acme", AppState.SUBMITTED)
    with Session(engine) as made:
        yield made
    engine.dispose()


def test_a_run_whose_lease_has_ended_does_not_end_the_newer_run(session: Session) -> None:
    now = now_of(session)
    (late,) = hand_out(session, DueKind.REVIEW_STEP, room=1, now=now).leases
    session.execute(text("UPDATE review_step SET leased_until = NULL"))
    (newer,) = hand_out(session, DueKind.REVIEW_STEP, room=1, now=now + timedelta(seconds=1)).leases
    assert late.id == newer.id
    assert record_machine_step(session, late, StepTrigger.FAIL, (), SCHEDULE, now) is False
    assert record_machine_step(session, newer, StepTrigger.PASS, (), SCHEDULE, now) is True
    states = session.scalars(text("SELECT state FROM review_step WHERE status = 'done'")).all()
    assert states == ["passed"]
