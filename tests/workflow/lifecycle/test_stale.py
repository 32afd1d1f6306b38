"""A request for an App as it was read is refused once the App stands otherwise: its state, its version, its review."""

from dataclasses import replace
from itertools import product
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import BIRTHS, NO_REVIEW, AppState, AppTrigger
from models.request import RequestSource
from tests.factories import WAY, apps_in, asker_now, asker_of, make_failed
from tests.journeys import BECAUSE, judge, people_in
from workflow.errors import WorkflowError
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests

ASKED = [trigger for trigger in AppTrigger if trigger not in BIRTHS]
_STANDINGS = "SELECT slug, version, state, open_kind, open_review, published, proposal FROM app ORDER BY slug"


def _stale(wanted: Wanted, version: int, state: str, review: int) -> list[tuple[str, Wanted]]:
    """Returns what was wanted of the App as it stood before, with the code of the rule that is unmet by now."""
    others = [one for one in AppState if one != state]
    return [
        ("version.expected", replace(wanted, expected_version=version - 1 or version + 1)),
        ("version.expected", replace(wanted, expected_version=version + 1)),
        ("state.expected", replace(wanted, expected_state=others[version % len(others)].value)),
        ("review.expected", replace(wanted, expected_review=0 if review else version)),
        ("review.expected", replace(wanted, expected_review=review + 1)),
    ]


def test_every_trigger_that_is_asked_of_another_standing_is_refused_and_changes_nothing(engine: Engine) -> None:
    """Each App is ready for every trigger that its standing allows, so that nothing else refuses it."""
    people = people_in(engine)
    cases = list(product(sorted(WAY), ASKED))
    standings = {f"app-{place}": standing for place, (standing, _) in enumerate(cases)}
    apps_in(engine, people, standings)
    triggers = {f"app-{place}": trigger for place, (_, trigger) in enumerate(cases)}
    make_failed(engine, [slug for slug, trigger in triggers.items() if trigger is AppTrigger.FLAG])
    before = _rows(engine, _STANDINGS)
    asked: dict[str, tuple[Actor, list[tuple[str, Wanted]]]] = {}
    for slug, version, state, _, review, *_ in before:
        trigger = triggers[slug]
        has_review = standings[slug][1] != NO_REVIEW
        asker = asker_now(engine, people, slug, trigger) if has_review else asker_of(people, trigger)
        asked[slug] = asker, _stale(Wanted(slug, trigger, reasons=BECAUSE), version, state, review)
    expected: dict[str, str] = {}
    for turn in range(5):  # the schedule has one due request of an App and a trigger at a time
        for asker, stale in asked.values():
            code, wanted = stale[turn]
            source = RequestSource.SCHEDULE if asker is SCHEDULE else RequestSource.HTTP
            with Session(engine) as session, session.begin():
                (answer,) = accept_requests(session, [CallerRequest(asker, wanted)], source)
            assert not isinstance(answer, WorkflowError), answer
            expected[str(answer.id)] = code
        judge(engine)
    assert _rows(engine, _STANDINGS) == before
    outcomes = {str(row[0]): row for row in _rows(engine, "SELECT id, status, unmet FROM transition_request")}
    for request, code in expected.items():
        _, status, unmet = outcomes[request]
        assert (status, code in [one["code"] for one in unmet]) == ("refused", True)


def _rows(engine: Engine, statement: str) -> list[tuple[Any, ...]]:
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(text(statement))]
