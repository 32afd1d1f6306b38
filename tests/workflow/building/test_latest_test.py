"""The latest test of a Component is the one recorded last, whatever the clocks of the recording machines say."""

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import Component, ComponentTest
from tests.journeys import app_building, now_of, people_in
from workflow.building.components import components_of
from workflow.lifecycle.loading import load_facts
from workflow.policy.document import load_policies


def test_the_test_recorded_last_counts_although_its_machines_clock_is_behind(engine: Engine) -> None:
    app_id = app_building(engine, people_in(engine), "acme")
    with Session(engine) as session, session.begin():
        now = now_of(session)
        component = session.scalars(select(Component)).first()
        assert component is not None
        behind = session.execute(text("SELECT uuidv7(interval '-1 hour')")).scalar_one()
        session.add(
            ComponentTest(
                id=behind,
                component_id=component.id,
                component_revision=component.revision,
                source="rig",
                reporter="Device lab",
                colour="red",
                results=[],
                requested_by=component.id,
                status="done",
                due_at=now,
            )
        )
        session.flush()
        facts = load_facts(session, [app_id], load_policies(session))[app_id].facts
        assert "red" in {one.colour for one in facts.components}
        assert "red" in {colour for _, colour in components_of(session, [app_id])[app_id]}
