"""The step `component_tests`: judges how the Components' tests ended, which the service has run anew for it.

It waits for runs without holding a lease: it is due again after a pause until all have ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from models.component import ComponentKind
from models.component_test import TestColour
from workers.pages import FetchesPages
from workers.steps.reading import Findings
from workers.steps.step import Evidence, StepOutcome, goes_on, outcome_of
from workflow.component_tests.of_reviews import Occasion, ReviewedComponent, ReviewedResult, RunState
from workflow.findings import Finding
from workflow.names import quoted

KEY_REFUSED: Final = 401
_PAUSES: Final = (1, 2, 3, 5, 10, 20, 30)
"""How many seconds the step waits between looks at runs that are under way; the last pause is repeated."""
_ROUNDS: Final[Mapping[Occasion, tuple[timedelta, ...]]] = {
    Occasion.DRAFT: (),
    Occasion.REVIEW: (timedelta(minutes=1),),
    Occasion.LOOK: (timedelta(minutes=10), timedelta(hours=1)),
}
"""The rests after which the tests are run once more if an endpoint failed in a way that may pass."""
_REVIEWER: Final = "You need not do anything: a reviewer has the test run again."


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (runs of their own fetch and post)
    """Returns all findings on the Components' tests, once each has ended."""
    if any(one.state is RunState.UNDER_WAY for one in evidence.tests):
        return wait(evidence)
    rounds, taken = _ROUNDS[evidence.occasion], int(evidence.seen.get("rounds", 0))
    if taken < len(rounds) and any(map(_may_pass, evidence.tests)):
        return goes_on({"rounds": taken + 1}, rounds[taken])
    found = sum((_judge(one, evidence.occasion) for one in evidence.tests), Findings())
    return outcome_of(found.faults, found.doubts).having_seen(bundles=_bundles(evidence.tests))


def wait(evidence: Evidence) -> StepOutcome:
    """Returns the outcome of a step some of whose runs are under way: it looks again after a pause."""
    polls = int(evidence.seen.get("polls", 0))
    pause = timedelta(seconds=_PAUSES[min(polls, len(_PAUSES) - 1)])
    return goes_on({**evidence.seen, "polls": polls + 1}, pause)


def _may_pass(tested: ReviewedComponent) -> bool:
    """Returns whether the run is red only for what may be gone later: no answer, 429 or an error of the server."""
    red = [one for one in tested.results if not one.observed and one.colour == TestColour.RED]
    return tested.kind == ComponentKind.SUBSCRIPTION and bool(red) and all(map(_is_passing, red))


def _is_passing(result: ReviewedResult) -> bool:
    return result.status is None or result.status == 429 or (result.status >= 500 and result.status != 501)


def _judge(tested: ReviewedComponent, occasion: Occasion) -> Findings:
    found = _STATES[tested.state](tested, occasion)
    if not tested.is_changed:
        return found
    detail = f"{subject_of(tested)} was changed after this was asked for; what was tested is how it was before."
    return found + _doubt(Finding("test.changed", detail, "Have it checked again.", place_of(tested)))


def _ended(tested: ReviewedComponent, occasion: Occasion) -> Findings:
    found = Findings()
    refused = [one for one in tested.results if one.status == KEY_REFUSED and not one.observed]
    if occasion is Occasion.LOOK and refused:
        detail = f"{subject_of(tested)}: its endpoint answers {KEY_REFUSED} to the test key that you gave."
        remedy = f"Renew the key: PUT .../components/{tested.id}/test-settings."
        found += _doubt(Finding("test.key_refused", detail, remedy, place_of(tested), refused[0].shown))
    for result in tested.results:
        if occasion is not Occasion.LOOK or result not in refused:
            told = tuple(_told(tested, result))
            found += Findings(told) if _is_fault(result) else Findings(doubts=told)
    return found


def _is_fault(result: ReviewedResult) -> bool:
    return result.colour == TestColour.RED and not result.observed


def _told(tested: ReviewedComponent, result: ReviewedResult) -> Iterator[Finding]:
    """Yields the findings of a result, each with its Component and its case.

    What is noted of a plugin whose result is green is for its partner, and no doubt.
    """
    if result.colour == TestColour.GREEN and tested.kind == ComponentKind.PLUGIN:
        return
    place = f"{place_of(tested)}/{result.code}"
    for one in result.findings:
        yield Finding(one.code, f"{subject_of(tested)}: {one.detail}", one.remedy, place, one.evidence or result.shown)
    if _is_fault(result) and not result.findings:
        yield Finding("test.red", f"{subject_of(tested)}: {result.code} is red.", "See the run.", place, result.shown)


def _unstarted(tested: ReviewedComponent, occasion: Occasion) -> Findings:
    """A test that needs something of the partner is a fault, but never of what is public: customers notice nothing."""
    if tested.why is None:
        return Findings()
    detail = f"{subject_of(tested)} could not be tested: {tested.why.detail}"
    finding = Finding(tested.why.code, detail, tested.why.remedy, place_of(tested))
    return _doubt(finding) if occasion is Occasion.LOOK else Findings((finding,))


def _failed(tested: ReviewedComponent, _occasion: Occasion) -> Findings:
    detail = f"{subject_of(tested)}: the service could not end its test run {tested.run_id}."
    return _doubt(Finding("test_run.failed", detail, _REVIEWER, place_of(tested)))


def _by_events(tested: ReviewedComponent, occasion: Occasion) -> Findings:
    if occasion is Occasion.LOOK or tested.colour == TestColour.GREEN:
        return Findings()
    if tested.colour is not None:
        detail = f"{subject_of(tested)}: all declared events have come, valid, and some with warnings."
        remedy = "See what is found in the newest events of the stream."
        return _doubt(Finding("stream.warnings", detail, remedy, place_of(tested)))
    lacking = tuple(
        Finding(
            "stream.event_lacking",
            f"{subject_of(tested)} has not shown {quoted(event)}: {lacks}",
            "Send the event to the sandbox, since the stream's latest change.",
            f"{place_of(tested)}/{event}",
        )
        for event, lacks in tested.lacks.items()
    )
    nothing = Finding(
        "stream.untested", f"{subject_of(tested)} is not tested.", "Declare its events.", place_of(tested)
    )
    return Findings(lacking or (nothing,))


def _bundles(tests: Sequence[ReviewedComponent]) -> dict[str, str]:
    """Returns the SHA-256 of each web plugin's bundle, by Component, for looks that come later."""
    found: dict[str, Any] = {
        str(one.id): result.facts["sha256"] for one in tests for result in one.results if "sha256" in result.facts
    }
    return found


def subject_of(tested: ReviewedComponent) -> str:
    """Returns the Component in words, with which a finding about it begins."""
    return f"The {tested.kind} {quoted(tested.name)}"


def place_of(tested: ReviewedComponent) -> str:
    """Returns where findings about the Component are."""
    return f"components/{tested.id}"


def _doubt(finding: Finding) -> Findings:
    return Findings(doubts=(finding,))


def _under_way(_tested: ReviewedComponent, _occasion: Occasion) -> Findings:
    return Findings()


_STATES: Final = {
    RunState.UNDER_WAY: _under_way,
    RunState.ENDED: _ended,
    RunState.CUT_OFF: _unstarted,
    RunState.FAILED: _failed,
    RunState.UNSTARTED: _unstarted,
    RunState.BY_EVENTS: _by_events,
}
