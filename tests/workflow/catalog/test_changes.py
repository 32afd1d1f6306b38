"""The list of what changed of what everybody gets: while an approval waits for its day, and while much happens."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger, ReviewKind
from models.request import RequestSource
from tests.factories import app_in, make_possible, move
from tests.journeys import BECAUSE, People, ask, judge, now_of, people_in
from workflow.catalog.changes import AppChange, list_changes
from workflow.catalog.planning import publish_planned
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.pages import PageRequest

FOLLOWED = 4
ROUNDS = 12


@pytest.fixture
def people(engine: Engine) -> People:
    return people_in(engine)


def _approve_for_a_day(engine: Engine, people: People, slug: str) -> None:
    """Approves the App's open review, to be published in two days. Commits."""
    make_possible(engine, people, slug, AppTrigger.APPROVE)
    with Session(engine) as session, session.begin():
        day = now_of(session) + timedelta(days=2)
        wanted = Wanted(slug, AppTrigger.APPROVE, publish_at=day, reasons=BECAUSE)
        accept_requests(session, [CallerRequest(people.reviewer, wanted)], RequestSource.HTTP)
    judge(engine)


def _day_comes(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE planned_publication SET publish_at = now() WHERE ended_at IS NULL"))
    with Session(engine) as session, session.begin():
        publish_planned(session, now_of(session), limit=100)


def _followed(engine: Engine, since: list[datetime | None]) -> Iterator[AppChange]:
    """Yields the changes since the moment in `since`, page by page, and replaces it by the one to list further from."""
    after: str | None = None
    while True:
        with Session(engine) as session:
            found = list_changes(session, since[0], PageRequest(after=after, limit=3))
        yield from found.page.rows
        after = found.page.next
        if after is None:
            since[0] = found.until
            return


def _seen(engine: Engine) -> list[tuple[str, str, int]]:
    return [(one.change.value, one.state, one.published) for one in _followed(engine, [None])]


def test_while_an_approval_waits_for_its_day_changes_are_of_what_is_shown(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    _approve_for_a_day(engine, people, "acme")
    for trigger in (AppTrigger.UNLIST, AppTrigger.RELIST):
        move(engine, people, "acme", trigger)
    _day_comes(engine)
    move(engine, people, "acme", AppTrigger.UNLIST)
    assert _seen(engine) == [
        ("published", "public_beta", 2),
        ("unlisted", "unlisted", 2),
        ("relisted", "public_beta", 2),
        ("published", "public_beta", 4),
        ("unlisted", "unlisted", 4),
    ]


@pytest.mark.parametrize("removed", [True, False])
def test_nothing_changes_of_an_app_of_which_nothing_is_shown_before_its_day(
    engine: Engine, people: People, removed: bool
) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    _approve_for_a_day(engine, people, "acme")
    for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE, AppTrigger.UNLIST):
        move(engine, people, "acme", trigger)
    assert _seen(engine) == []
    if removed:
        move(engine, people, "acme", AppTrigger.REMOVE)
        assert _seen(engine) == []
    else:
        _day_comes(engine)
        move(engine, people, "acme", AppTrigger.RELIST)
        assert _seen(engine) == [("published", "unlisted", 2), ("relisted", "public_beta", 2)]


def test_an_appeal_that_succeeds_while_a_revision_waits_reinstates_what_was_shown(
    engine: Engine, people: People
) -> None:
    app_in(engine, people, "acme", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    _approve_for_a_day(engine, people, "acme")
    for trigger in (AppTrigger.SUSPEND, AppTrigger.APPEAL, AppTrigger.APPROVE):
        move(engine, people, "acme", trigger)
    assert _seen(engine)[1:] == [("suspended", "suspended", 2), ("reinstated", "public_beta", 2)]


def test_what_is_removed_while_a_revision_waits_had_what_was_shown_so_far(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    _approve_for_a_day(engine, people, "acme")
    move(engine, people, "acme", AppTrigger.REMOVE)
    assert _seen(engine)[1:] == [("removed", "removed", 2)]


def test_who_follows_while_much_changes_at_once_sees_each_change_once_and_in_order(
    engine: Engine, people: People
) -> None:
    slugs = [f"app-{number}" for number in range(FOLLOWED)]
    for slug in slugs:
        app_in(engine, people, slug, AppState.PUBLIC_BETA, ReviewKind.REVISION)
        _approve_for_a_day(engine, people, slug)

    def change(slug: str) -> None:
        for number in range(ROUNDS):
            for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE):
                ask(engine, people.admin, slug, trigger, reasons=BECAUSE)
                judge(engine)
            if number == ROUNDS // 2:
                _day_comes(engine)

    changing = [threading.Thread(target=change, args=(slug,)) for slug in slugs]
    for thread in changing:
        thread.start()
    since: list[datetime | None] = [None]
    seen: list[AppChange] = []
    while any(thread.is_alive() for thread in changing):
        seen += _followed(engine, since)
    seen += _followed(engine, since)
    once = list(_followed(engine, [None]))
    assert seen == once
    kinds = [one.change.value for one in once]
    assert (kinds.count("suspended"), kinds.count("reinstated")) == (FOLLOWED * ROUNDS, FOLLOWED * ROUNDS)
    assert kinds.count("published") == 2 * FOLLOWED
