"""Trying a decision out: what it shows is what is sent to whom, and it leaves nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Person, Review
from models.base import Base
from models.lifecycle import AppState, AppTrigger, ReviewKind
from models.request import RequestSource
from tests.factories import app_in, asker_now, make_possible
from tests.journeys import BECAUSE, PROFILE, People, judge, now_of, staff_member, writer_of
from workflow.errors import Conflict, Invalid
from workflow.identity.actors import Actor
from workflow.lifecycle.decisions import Decision, decision_on
from workflow.lifecycle.rehearsal import Rehearsal, rehearse_decision
from workflow.lifecycle.requests import CallerRequest, accept_requests
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.delivery import letter_of
from workflow.notifications.letterhead import Letterhead, ReadMail, read_mail
from workflow.notifications.mail import Letter
from workflow.reasons import Reason

T, S, K = AppTrigger, AppState, ReviewKind
HEAD = Letterhead("desk@platform.example", "partners@platform.example", "https://desk.example", PROFILE, True)
DECIDED = (
    (S.SUBMITTED, K.FIRST, T.APPROVE),
    (S.SUBMITTED, K.FIRST, T.REQUEST_CHANGES),
    (S.SUBMITTED, K.FIRST, T.PROPOSE_APPROVE),
    (S.PUBLIC_BETA, K.REVISION, T.APPROVE),
    (S.PUBLIC, K.REVISION, T.REQUEST_CHANGES),
    (S.PUBLIC, K.HEALTH, T.CLEAR),
    (S.PUBLIC_BETA, K.HEALTH, T.FLAG),
    (S.SUSPENDED, K.REVISION, T.APPROVE),
    (S.SUSPENDED, K.APPEAL, T.APPROVE),
    (S.SUBMITTED, K.APPEAL, T.REQUEST_CHANGES),
)


def _no_code(_sealed: str) -> str:
    raise AssertionError("no mail of a decision has a code")


def _open_review(engine: Engine, slug: str) -> UUID:
    with Session(engine) as session:
        statement = select(Review.id).join(App).where(App.slug == slug, Review.closed_at.is_(None))
        return session.scalars(statement).one()


def _rehearse(engine: Engine, review: UUID, decision: Decision, actor: Actor) -> Rehearsal:
    """Returns what the decision would do, from a transaction that is committed."""
    with Session(engine) as session, session.begin():
        now = now_of(session)
        return rehearse_decision(session, review, decision, actor, now, writer_of(session), _no_code)


def _everything(engine: Engine) -> dict[str, Any]:
    """Returns all rows of all tables."""
    with Session(engine) as session:
        tables = sorted(Base.metadata.tables)
        return {name: session.execute(text(f"SELECT * FROM {name} t ORDER BY t::text")).all() for name in tables}


def _mails(letters: list[Letter]) -> set[tuple[str, str, ReadMail]]:
    return {(one.kind, one.recipient, read_mail(HEAD.compose(one))) for one in letters}


def _sent(engine: Engine, slug: str) -> list[Letter]:
    with Session(engine) as session:
        newest = """SELECT n.id FROM notification n JOIN app a ON a.id = n.app_id
                     WHERE a.slug = :slug AND n.app_version = a.version"""
        ids = session.scalars(text(newest), {"slug": slug}).all()
        return [letter for one in ids if (letter := letter_of(session, one, _no_code))]


def test_what_is_shown_of_a_decision_is_what_is_sent(engine: Engine, people: People) -> None:
    staff_member(engine, "Bo")
    with Session(engine) as session, session.begin():
        colleague = Person(
            organization_id=people.partner.organization_id, role="partner", name="Olga", email="o@acme.io"
        )
        session.add(colleague)
    for number, (state, kind, trigger) in enumerate(DECIDED):
        slug = f"app-{number}"
        app_in(engine, people, slug, state, kind)
        make_possible(engine, people, slug, trigger)
        review, actor = _open_review(engine, slug), asker_now(engine, people, slug, trigger)
        decision = Decision(trigger, BECAUSE, expected_state=state.value)
        before = _everything(engine)
        shown = _rehearse(engine, review, decision, actor)
        assert _everything(engine) == before
        assert shown.judgment.allowed, (slug, shown.judgment.unmet)
        _decide(engine, review, decision, actor)
        sent = _sent(engine, slug)
        assert _mails(list(shown.letters)) == _mails(sent), (state, kind, trigger)
        told = {one.recipient for one in sent}
        assert (told >= {"pat@acme.example", "o@acme.io"}) == (trigger not in (T.CLEAR, T.PROPOSE_APPROVE))


def _decide(engine: Engine, review: UUID, decision: Decision, actor: Actor) -> None:
    with Session(engine) as session, session.begin():
        wanted, _ = decision_on(session, review, decision, actor, now_of(session), AppRulebook())
        accept_requests(session, [CallerRequest(actor, wanted)], RequestSource.HTTP)
    judge(engine)


def test_an_approval_for_a_day_is_shown_with_its_day(engine: Engine, people: People) -> None:
    app_in(engine, people, "day", S.SUBMITTED)
    make_possible(engine, people, "day", T.APPROVE)
    with Session(engine) as session:
        day = now_of(session) + timedelta(days=3)
    review, decision = _open_review(engine, "day"), Decision(T.APPROVE, publish_at=day)
    shown = _rehearse(engine, review, decision, people.reviewer)
    _decide(engine, review, decision, people.reviewer)
    assert _mails(list(shown.letters)) == _mails(_sent(engine, "day"))
    assert any(f"{day:%Y-%m-%d}" in mail.text for _, _, mail in _mails(list(shown.letters)))


@pytest.mark.parametrize("trigger", [T.APPROVE, T.REQUEST_CHANGES, T.PROPOSE_APPROVE, T.CLEAR, T.FLAG])
def test_a_decision_that_is_not_possible_yet_is_shown_with_what_is_unmet(
    engine: Engine, people: People, trigger: AppTrigger
) -> None:
    kind = K.HEALTH if trigger in (T.CLEAR, T.FLAG) else K.REVISION
    app_in(engine, people, "early", S.PUBLIC_BETA, kind)
    review = _open_review(engine, "early")
    before = _everything(engine)
    shown = _rehearse(engine, review, Decision(trigger), people.reviewer)
    assert shown.judgment.unmet
    assert bool(shown.letters) == (trigger is not T.CLEAR)
    wrong = T.APPROVE if kind is K.HEALTH else T.CLEAR
    nothing = _rehearse(engine, review, Decision(wrong), people.reviewer)
    assert (nothing.judgment.allowed, nothing.letters) == (False, ())
    assert _everything(engine) == before


def test_what_cannot_be_decided_or_said_is_refused_as_the_decision_is(engine: Engine, people: People) -> None:
    app_in(engine, people, "wrong", S.SUSPENDED, K.REVISION)
    review = _open_review(engine, "wrong")
    decision = Decision(T.APPROVE, expected_state="suspended")
    with pytest.raises(Conflict, match="lift the suspension"):
        _rehearse(engine, review, Decision(T.APPROVE), people.reviewer)
    with pytest.raises(Invalid, match="saved reason"):
        _rehearse(engine, review, replace(decision, reasons=(Reason("no.such", "", saved=True),)), people.reviewer)
    with pytest.raises(Invalid, match="reserved"):
        _rehearse(engine, review, replace(decision, reasons=(Reason("urgent", "Now."),)), people.reviewer)
    with Session(engine) as session:
        past = now_of(session) - timedelta(days=1)
    with pytest.raises(Invalid):
        _rehearse(engine, review, replace(decision, publish_at=past), people.reviewer)
