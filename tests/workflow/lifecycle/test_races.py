"""Two things are asked for at once, of connections of their own, while two others judge: each outcome is legal."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Review
from models.lifecycle import NO_REVIEW, AppState, AppTrigger, ReviewKind
from tests.api.invariants import check_rows
from tests.at_once import at_once
from tests.factories import apps_in, asker_now, make_failed
from tests.journeys import BECAUSE, People, ask, judge, now_of, outcome_of
from workflow.errors import Conflict
from workflow.identity.actors import SCHEDULE, Actor
from workflow.reviewing.desk import claim_review

EACH = 4
"""Apps of each race. The two who ask go through all Apps from either end, so that either is first at some."""

T = AppTrigger
_BETA, _PUBLIC, _BUILDING = AppState.PUBLIC_BETA, AppState.PUBLIC, AppState.BUILDING
_SUSPENDED, _UNLISTED = AppState.SUSPENDED, AppState.UNLISTED
_REVISION, _HEALTH, _APPEAL = ReviewKind.REVISION, ReviewKind.HEALTH, ReviewKind.APPEAL
_BOTH, _FIRST, _SECOND = (True, True), (True, False), (False, True)


@dataclass(frozen=True, slots=True)
class Race:
    """What is asked for at once, of an App in `state` with an open review of `kind`, and which may be applied."""

    state: AppState
    kind: str
    first: AppTrigger
    second: AppTrigger
    legal: frozenset[tuple[bool, bool]]


def _race(state: AppState, kind: str, first: AppTrigger, second: AppTrigger, *legal: tuple[bool, bool]) -> Race:
    return Race(state, kind, first, second, frozenset(legal))


RACES = (
    _race(_BETA, _REVISION, T.APPROVE, T.WITHDRAW, _FIRST, _SECOND),
    _race(_BETA, _REVISION, T.APPROVE, T.APPROVE, _FIRST, _SECOND),
    _race(_BETA, _REVISION, T.APPROVE, T.PROMOTE, _BOTH, _FIRST),  # an approval asks for the promotion, too
    _race(_PUBLIC, _REVISION, T.WITHDRAW, T.REQUEST_CHANGES, _FIRST, _SECOND),
    _race(_PUBLIC, NO_REVIEW, T.RECHECK, T.SUBMIT, _BOTH, _SECOND),
    _race(_PUBLIC, NO_REVIEW, T.RECHECK, T.RECHECK, _FIRST, _SECOND),
    _race(_PUBLIC, _HEALTH, T.CLEAR, T.SUBMIT, _BOTH, _SECOND),
    _race(_PUBLIC, _HEALTH, T.CLEAR, T.CLEAR, _FIRST, _SECOND),
    _race(_BETA, _HEALTH, T.FLAG, T.SUSPEND, _BOTH, _SECOND),
    _race(_BUILDING, NO_REVIEW, T.APPEAL, T.SUBMIT, _FIRST, _SECOND),
    _race(_PUBLIC, _REVISION, T.SUSPEND, T.APPROVE, _BOTH, _FIRST),
    _race(_SUSPENDED, _REVISION, T.REINSTATE, T.APPROVE, _BOTH, _SECOND),
    _race(_SUSPENDED, _APPEAL, T.REINSTATE, T.APPROVE, _FIRST, _SECOND),
    _race(_PUBLIC, NO_REVIEW, T.UNLIST, T.SUSPEND, _BOTH, _SECOND),
    _race(_UNLISTED, NO_REVIEW, T.RELIST, T.SUSPEND, _BOTH, _SECOND),
    _race(_PUBLIC, _REVISION, T.REMOVE, T.APPROVE, _BOTH, _FIRST),
    _race(_PUBLIC, _REVISION, T.PROPOSE_APPROVE, T.WITHDRAW, _BOTH, _SECOND),
    _race(_PUBLIC, NO_REVIEW, T.PROPOSE_REMOVE, T.PROPOSE_REMOVE, _BOTH),
)


_LIFTED_UNAWARES = """
    SELECT a.slug FROM app a
      JOIN transition s ON s.app_id = a.id AND s.trigger = 'suspend'
      JOIN transition t ON t.app_id = a.id AND t.trigger = 'approve' AND t.version > s.version
      JOIN transition_request q ON q.id = t.request_id
     WHERE q.received_at <= s.at
"""
"""The Apps whose suspension was lifted by an approval that was asked for before."""


def test_of_two_things_that_exclude_each_other_exactly_one_is_applied(engine: Engine, people: People) -> None:
    raced = {f"race{place}-{number}": race for place, race in enumerate(RACES) for number in range(EACH)}
    apps_in(engine, people, {slug: (race.state, race.kind) for slug, race in raced.items()})
    _have_changes_requested(engine, people, [slug for slug, race in raced.items() if race.first is T.APPEAL])
    make_failed(engine, [slug for slug, race in raced.items() if race.first is T.FLAG])
    first = {slug: _asker(engine, people, slug, race.first) for slug, race in raced.items()}
    second = {slug: _asker(engine, people, slug, race.second) for slug, race in raced.items()}

    def ask_for_all(slugs: Sequence[str], asker: dict[str, Actor], trigger: Callable[[Race], AppTrigger]) -> list[UUID]:
        return [ask(engine, asker[slug], slug, trigger(raced[slug]), reasons=BECAUSE) for slug in slugs]

    slugs = [*raced]
    asked = at_once(
        partial(ask_for_all, slugs, first, lambda race: race.first),
        partial(ask_for_all, slugs[::-1], second, lambda race: race.second),
        *(partial(_judge_until_idle, engine) for _ in range(2)),
    )
    judge(engine)
    seen: dict[Race, Counter[tuple[bool, bool]]] = {race: Counter() for race in RACES}
    for slug, one, other in zip(slugs, asked[0], asked[1][::-1], strict=True):
        outcomes = [outcome_of(engine, request)["status"] for request in (one, other)]
        assert set(outcomes) <= {"applied", "refused"}, (slug, raced[slug], outcomes)
        seen[raced[slug]][outcomes[0] == "applied", outcomes[1] == "applied"] += 1
    assert {race: set(found) - race.legal for race, found in seen.items() if set(found) - race.legal} == {}
    with engine.connect() as connection:
        assert connection.execute(text(_LIFTED_UNAWARES)).all() == []
    check_rows(engine)


def test_of_two_who_claim_a_review_at_once_one_holds_it(engine: Engine, people: People) -> None:
    slugs = [f"claimed-{number}" for number in range(4)]
    apps_in(engine, people, dict.fromkeys(slugs, (_BETA, _REVISION)))
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE review SET claimed_by = NULL, claimed_at = NULL WHERE closed_at IS NULL"))
        reviews = session.scalars(select(Review.id).join(App).where(Review.closed_at.is_(None))).all()

    def claim_all(actor: Actor) -> list[bool]:
        return [_claims(engine, review, actor) for review in reviews]

    one, other = at_once(partial(claim_all, people.reviewer), partial(claim_all, people.admin))
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_a_look_that_is_claimed_beside_its_end_is_open_still_or_the_claim_is_refused(
    engine: Engine, people: People
) -> None:
    slugs = [f"looked-{number}" for number in range(6)]
    apps_in(engine, people, dict.fromkeys(slugs, (_PUBLIC, _HEALTH)))
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE review SET claimed_by = NULL, claimed_at = NULL WHERE closed_at IS NULL"))
        reviews = session.scalars(select(Review.id).where(Review.closed_at.is_(None)).order_by(Review.id)).all()
    claims, *_ = at_once(
        lambda: [_claims(engine, review, people.reviewer) for review in reviews],
        lambda: [ask(engine, SCHEDULE, slug, T.CLEAR) for slug in slugs[::-1]],
        partial(_judge_until_idle, engine),
    )
    judge(engine)
    with Session(engine) as session:
        left = session.scalars(select(Review.id).where(Review.closed_at.is_(None)).order_by(Review.id)).all()
    assert left == [review for review, claimed in zip(reviews, claims, strict=True) if claimed]
    check_rows(engine)


def _claims(engine: Engine, review: UUID, actor: Actor) -> bool:
    try:
        with Session(engine) as session, session.begin():
            claim_review(session, review, actor, now_of(session))
    except Conflict:
        return False
    return True


def _judge_until_idle(engine: Engine) -> list[UUID]:
    """Judges, as a worker does, until twenty looks in a row have found nothing."""
    idle = 0
    while idle < 20:
        idle = 0 if len(judge(engine, limit=20)) > 1 else idle + 1
    return []


def _have_changes_requested(engine: Engine, people: People, slugs: Sequence[str]) -> None:
    for slug in slugs:
        ask(engine, people.partner, slug, T.SUBMIT)
    judge(engine)
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                UPDATE review r SET claimed_by = :reviewer, claimed_at = now() FROM app a
                 WHERE a.id = r.app_id AND r.closed_at IS NULL AND a.slug = ANY(:slugs)
            """),
            {"reviewer": people.reviewer.id, "slugs": list(slugs)},
        )
    for slug in slugs:
        ask(engine, people.reviewer, slug, T.REQUEST_CHANGES, reasons=BECAUSE)
    judge(engine)


def _asker(engine: Engine, people: People, slug: str, trigger: AppTrigger) -> Actor:
    return people.admin if trigger in (T.REMOVE, T.PROPOSE_REMOVE) else asker_now(engine, people, slug, trigger)
