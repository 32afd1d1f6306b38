"""Brings Apps to any state by real transitions, as people would."""

from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models import App, Review, ReviewStep
from models.lifecycle import APP_EDGES, AppState, AppTrigger, Role, StepTrigger
from tests.journeys import BECAUSE, People, app_building, ask, judge, now_of, state_of, writer_of
from workflow.identity.actors import SCHEDULE, Actor
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step
from workflow.usage.reports import Report, Use, report_use

WAY: dict[AppState, tuple[AppTrigger, ...]] = {
    AppState.BUILDING: (),
    AppState.SUBMITTED: (AppTrigger.SUBMIT,),
    AppState.PUBLIC_BETA: (AppTrigger.SUBMIT, AppTrigger.APPROVE),
    AppState.PUBLIC: (AppTrigger.SUBMIT, AppTrigger.APPROVE, AppTrigger.PROMOTE),
    AppState.SUSPENDED: (AppTrigger.SUBMIT, AppTrigger.APPROVE, AppTrigger.SUSPEND),
    AppState.REMOVED: (AppTrigger.REMOVE,),
}
"""The shortest path from `building` to each state."""


def app_in(engine: Engine, people: People, slug: str, state: AppState) -> UUID:
    """Stores an App and takes it to `state`. Commits."""
    app_id = app_building(engine, people, slug)
    for trigger in WAY[state]:
        move(engine, people, slug, trigger)
    assert state_of(engine, slug)[0] == state
    return app_id


def move(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> None:
    """Makes `trigger` possible, requests it in a role that may, and judges all due requests. Commits."""
    make_possible(engine, people, slug, trigger)
    if trigger is not AppTrigger.PROMOTE:
        ask(engine, asker_of(people, trigger), slug, trigger, reasons=BECAUSE)
    judge(engine)


def make_possible(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> None:
    """Does what `trigger` requires: the steps of the review, or reports of customers, which request promotion too."""
    if trigger in (AppTrigger.REQUEST_CHANGES, AppTrigger.APPROVE):
        pass_review(engine, people, slug)
    if trigger is AppTrigger.PROMOTE:
        report_customers(engine, people, slug)


def asker_of(people: People, trigger: AppTrigger) -> Actor:
    """Returns the actor who ordinarily requests `trigger`: the first of these whose role may."""
    roles = frozenset[Role]().union(*(edge.roles for edge in APP_EDGES if edge.trigger == trigger))
    return next(actor for actor in (SCHEDULE, people.partner, people.reviewer, people.admin) if actor.role in roles)


def pass_review(engine: Engine, people: People, slug: str) -> None:
    """Claims the App's open review and passes its steps. Commits."""
    with Session(engine) as session, session.begin():
        open_review = select(Review.id).join(App, App.id == Review.app_id)
        review = session.scalars(open_review.where(App.slug == slug, Review.closed_at.is_(None))).one()
        now = now_of(session)
        claim_review(session, review, people.reviewer, now)
        for code in session.scalars(select(ReviewStep.code).where(ReviewStep.review_id == review)).all():
            decide_step(session, review, code, trigger=StepTrigger.PASS, actor=people.reviewer, now=now)


def report_customers(engine: Engine, people: People, slug: str) -> None:
    """Reports an OAuth install and as many customers as promotion needs. Commits."""
    with Session(engine) as session, session.begin():
        writer = writer_of(session)
        needed = writer.policies.current.customers_to_promote
        uses = [(Use.OAUTH_INSTALL, "w-0"), *((Use.CUSTOMER, f"w-{number}") for number in range(needed))]
        report_use(
            session,
            [Report(slug, use, workspace) for use, workspace in uses],
            actor=people.service,
            now=now_of(session),
            policies=writer.policies,
            rulebook=writer.rulebook,
        )
