"""Two people who act on each other at the same moment wait their turn: neither call ends in a deadlock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Person, Review
from models.lifecycle import AppTrigger, Role
from tests.journeys import People, app_building, ask, judge, now_of, staff_member
from tests.waiting import wait_until
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.tokens import issue_token
from workflow.operating.erasing import erase_person
from workflow.reviewing.desk import claim_review, hand_over_review
from workflow.reviewing.staff import remove_staff, set_absence

Act = Callable[[Session, Actor, Actor], object]


def _calling(engine: Engine, role: Role, name: str) -> Actor:
    """Returns a member of the staff who calls with a token, so that their calls lock their row."""
    actor = staff_member(engine, name, role)
    with Session(engine) as session, session.begin():
        person = session.get_one(Person, actor.id)
        token, _ = issue_token(session, person, label="test", expires_at=now_of(session) + timedelta(days=1))
        return replace(actor, token_id=token.id)


def _held_by(engine: Engine, people: People, slug: str, actor: Actor) -> UUID:
    app_building(engine, people, slug)
    ask(engine, people.partner, slug, AppTrigger.SUBMIT)
    judge(engine)
    with Session(engine) as session, session.begin():
        review = session.scalars(select(Review).join(App, App.id == Review.app_id).where(App.slug == slug)).one()
        claim_review(session, review.id, actor, now_of(session))
        return review.id


def _at_once(engine: Engine, pair: tuple[Actor, Actor], act: Act) -> list[BaseException | None]:
    """Lets each of the two act on the other, both when they wait for the rows of people, and returns the errors."""

    def run(one: Actor, other: Actor) -> None:
        with Session(engine) as session, session.begin():
            session.execute(text("SET LOCAL application_name = 'acting'"))
            act(session, one, other)

    def waiting() -> bool:
        with Session(engine) as session:
            blocked = (
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'acting' AND wait_event_type = 'Lock'"
            )
            return bool(session.scalar(text(blocked)) == 2)

    with ThreadPoolExecutor(2) as pool, Session(engine) as session, session.begin():
        session.execute(text("SELECT FROM person WHERE id = ANY(:ids) FOR UPDATE"), {"ids": [one.id for one in pair]})
        both = [pool.submit(run, *pair), pool.submit(run, *reversed(pair))]
        wait_until(waiting, seconds=20)
        session.commit()
    return [future.exception() for future in both]


def test_two_reviewers_hand_reviews_over_to_each_other_at_once(engine: Engine, people: People) -> None:
    pair = _calling(engine, Role.REVIEWER, "Bo"), _calling(engine, Role.REVIEWER, "Cy")
    held = {actor: _held_by(engine, people, f"app-{number}", actor) for number, actor in enumerate(pair)}

    def act(session: Session, one: Actor, other: Actor) -> None:
        hand_over_review(session, held[one], one, other.id, now_of(session))

    assert _at_once(engine, pair, act) == [None, None]
    with Session(engine) as session:
        holders = [session.get_one(Review, held[actor]).claimed_by for actor in pair]
    assert holders == [pair[1].id, pair[0].id]


def _away(session: Session, one: Actor, other: Actor) -> None:
    now = now_of(session)
    set_absence(session, other.id, now + timedelta(days=1), one, now)


def _remove(session: Session, one: Actor, other: Actor) -> None:
    remove_staff(session, other.id, one, now_of(session), platform="Platform")


def _erase(session: Session, one: Actor, other: Actor) -> None:
    erase_person(session, str(other.id), one, now_of(session))


@pytest.mark.parametrize(("act", "done"), [(_away, 2), (_remove, 1), (_erase, 1)])
def test_two_admins_act_on_each_other_at_once(engine: Engine, people: People, act: Act, done: int) -> None:  # noqa: ARG001
    pair = _calling(engine, Role.ADMIN, "Bo"), _calling(engine, Role.ADMIN, "Cy")
    errors = [error for error in _at_once(engine, pair, act) if error is not None]
    assert len(errors) == 2 - done
    assert all(isinstance(error, WorkflowError) for error in errors), "who was removed first is refused"
