"""Brings Apps to any state by real transitions, as people would."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Review, ReviewStep
from models.lifecycle import APP_EDGES, NO_REVIEW, AppState, AppTrigger, ReviewKind, Role, StepState, StepTrigger
from tests.journeys import BECAUSE, People, app_building, ask, judge, now_of, pass_steps, state_of, writer_of
from workflow.apps import NAME, touch
from workflow.identity.actors import SCHEDULE, Actor
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step
from workflow.usage.reports import Report, Use, report_use

_SUBMIT, _APPROVE = AppTrigger.SUBMIT, AppTrigger.APPROVE
_BETA = (_SUBMIT, _APPROVE)
_APPEALED = (_SUBMIT, AppTrigger.REQUEST_CHANGES, AppTrigger.APPEAL)
_OPENING: dict[str, tuple[AppTrigger, ...]] = {
    NO_REVIEW: (),
    ReviewKind.REVISION: (_SUBMIT,),
    ReviewKind.HEALTH: (AppTrigger.RECHECK,),
    ReviewKind.APPEAL: _APPEALED,
}
WAY: dict[tuple[AppState, str], tuple[AppTrigger, ...]] = {
    (AppState.BUILDING, NO_REVIEW): (),
    (AppState.SUBMITTED, ReviewKind.FIRST): (_SUBMIT,),
    (AppState.SUBMITTED, ReviewKind.APPEAL): _APPEALED,
    **{(AppState.PUBLIC_BETA, kind): (*_BETA, *opening) for kind, opening in _OPENING.items()},
    **{(AppState.PUBLIC, kind): (*_BETA, *opening, AppTrigger.PROMOTE) for kind, opening in _OPENING.items()},
    (AppState.SUSPENDED, NO_REVIEW): (*_BETA, AppTrigger.SUSPEND),
    (AppState.SUSPENDED, ReviewKind.REVISION): (*_BETA, AppTrigger.SUSPEND, _SUBMIT),
    (AppState.SUSPENDED, ReviewKind.APPEAL): (*_BETA, AppTrigger.SUSPEND, AppTrigger.APPEAL),
    **{
        (AppState.UNLISTED, kind): (*_BETA, AppTrigger.UNLIST, *opening)
        for kind, opening in _OPENING.items()
        if kind != ReviewKind.HEALTH
    },
    (AppState.REMOVED, NO_REVIEW): (AppTrigger.REMOVE,),
}
"""A path from `building` to each state with each kind of open review."""

DECISIONS = (AppTrigger.REQUEST_CHANGES, AppTrigger.APPROVE, AppTrigger.PROPOSE_APPROVE)


def app_in(engine: Engine, people: People, slug: str, state: AppState, review: str | None = None) -> UUID:
    """Stores an App and takes it to `state`, with an open review of kind `review` (None: what is usual). Commits."""
    app_id = app_building(engine, people, slug)
    usual = ReviewKind.FIRST if state is AppState.SUBMITTED else NO_REVIEW
    for trigger in WAY[state, review or usual]:
        move(engine, people, slug, trigger)
    assert state_of(engine, slug)[0] == state
    return app_id


def apps_in(engine: Engine, people: People, standings: Mapping[str, tuple[AppState, str]]) -> None:
    """Stores an App by each slug, and takes all of them to their states and open reviews together. Commits.

    It writes past the desk what would take long otherwise. Each App is ready for every trigger of its state but `flag`.
    """
    for slug in standings:
        app_building(engine, people, slug)
    ways = {slug: WAY[standing] for slug, standing in standings.items()}
    for place in range(max(map(len, ways.values()))):
        going = {slug: way[place] for slug, way in ways.items() if place < len(way)}
        _make_ready(engine, people, list(going), customers=False)
        promoted = [slug for slug, trigger in going.items() if trigger is AppTrigger.PROMOTE]
        _execute(engine, _READY, slugs=promoted)
        for slug, trigger in going.items():
            ask(engine, asker_now(engine, people, slug, trigger), slug, trigger, reasons=BECAUSE)
        judge(engine)
    _make_ready(engine, people, list(standings), customers=True)


def make_failed(engine: Engine, slugs: Sequence[str]) -> None:
    """Has a step of each App's open review fail. Commits."""
    _execute(engine, _FAIL, slugs=list(slugs))


def _make_ready(engine: Engine, people: People, slugs: list[str], *, customers: bool) -> None:
    _execute(engine, _PASS, slugs=slugs, reviewer=people.reviewer.id, admin=people.admin.id)
    _execute(engine, _EDIT, slugs=slugs)
    if customers:
        _execute(engine, _READY, slugs=slugs)


def _execute(engine: Engine, statement: str, **values: object) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text(statement), values)


def move(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> None:
    """Makes `trigger` possible, requests it in a role that may, and judges all due requests. Commits."""
    make_possible(engine, people, slug, trigger)
    if trigger is not AppTrigger.PROMOTE:
        ask(engine, asker_now(engine, people, slug, trigger), slug, trigger, reasons=BECAUSE)
    judge(engine)


def make_possible(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> None:
    """Does what `trigger` requires: the steps of the review, an edit, or reports of customers. Commits.

    The reports request promotion, too.
    """
    if trigger in (*DECISIONS, AppTrigger.CLEAR):
        pass_review(engine, people, slug)
    if trigger is AppTrigger.FLAG:
        pass_review(engine, people, slug, last=StepTrigger.FAIL)
    if trigger is AppTrigger.SUBMIT:
        with Session(engine) as session, session.begin():
            app = session.scalars(select(App).where(App.slug == slug)).one()
            if app.published:
                touch(app, NAME)
    if trigger is AppTrigger.PROMOTE:
        report_customers(engine, people, slug)


def asker_of(people: People, trigger: AppTrigger) -> Actor:
    """Returns the actor who ordinarily requests `trigger`: the first of these whose role may."""
    roles = frozenset[Role]().union(*(edge.roles for edge in APP_EDGES if edge.trigger == trigger))
    return next(actor for actor in (SCHEDULE, people.partner, people.reviewer, people.admin) if actor.role in roles)


def asker_now(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> Actor:
    """Returns the actor who requests `trigger` as the App is now: a decision is its review's holder's."""
    if trigger in (*DECISIONS, AppTrigger.CLEAR, AppTrigger.FLAG):
        with Session(engine) as session:
            _, judge_of = _open_review(session, people, slug)
            return judge_of
    return asker_of(people, trigger)


def pass_review(engine: Engine, people: People, slug: str, *, last: StepTrigger = StepTrigger.PASS) -> None:
    """Claims the App's open review and passes its steps; the last one ends as `last` says. Commits.

    The admin takes the appeals of the reviewer's decisions.
    """
    with Session(engine) as session, session.begin():
        review, holder = _open_review(session, people, slug)
        now = now_of(session)
        claim_review(session, review.id, holder, now)
        steps = session.scalars(
            select(ReviewStep.code)
            .where(ReviewStep.review_id == review.id, ReviewStep.state == StepState.PENDING.value)
            .order_by(ReviewStep.code)
        ).all()
        pass_steps(session, [review.id], holder, now, steps[:-1])
        for code in steps[-1:]:
            decide_step(session, review.id, code, trigger=last, actor=holder, now=now)


def _open_review(session: Session, people: People, slug: str) -> tuple[Review, Actor]:
    open_review = select(Review).join(App, App.id == Review.app_id)
    review = session.scalars(open_review.where(App.slug == slug, Review.closed_at.is_(None))).one()
    is_admins = review.decider == people.reviewer.id or review.claimed_by == people.admin.id
    return review, people.admin if is_admins else people.reviewer


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


_PASS = """
    WITH held AS (
        UPDATE review r SET claimed_at = now(),
               claimed_by = CASE WHEN r.decider = :reviewer THEN :admin ELSE :reviewer END
          FROM app a WHERE a.id = r.app_id AND a.slug = ANY(:slugs) AND r.closed_at IS NULL RETURNING r.id)
    UPDATE review_step s SET state = 'passed', decided_at = now(), status = 'done' FROM held WHERE s.review_id = held.id
"""
_EDIT = "UPDATE app SET touched = '{name}' WHERE slug = ANY(:slugs) AND published > 0"
_FAIL = """
    UPDATE review_step s SET state = 'failed' FROM review r JOIN app a ON a.id = r.app_id
     WHERE s.review_id = r.id AND r.closed_at IS NULL AND a.slug = ANY(:slugs) AND s.code = 'catalog_details'
"""
_READY = """
    WITH chosen AS (SELECT id, created_by FROM app WHERE slug = ANY(:slugs)),
         installed AS (INSERT INTO oauth_install (app_id, workspace, reported_by, reported_at)
                       SELECT id, 'w-0', created_by, now() FROM chosen ON CONFLICT DO NOTHING),
         onboarded AS (INSERT INTO customer (app_id, workspace, reported_by, reported_at)
                       SELECT id, 'w-' || number, created_by, now() FROM chosen, generate_series(1, 3) number
                           ON CONFLICT DO NOTHING)
    UPDATE app SET oauth_installed = true, onboarded_customers = 3 FROM chosen WHERE app.id = chosen.id
"""
