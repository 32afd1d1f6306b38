"""The step `volume`: judges how the endpoints bore the bursts that the service has sent them, one after the suite."""

from models.component_test import TestColour
from workers.pages import FetchesPages
from workers.steps.component_tests import place_of, subject_of, wait
from workers.steps.reading import Findings
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.component_tests.of_reviews import ReviewedComponent, RunState
from workflow.component_tests.volume import LEFT_TO_A_REVIEWER, in_words
from workflow.findings import Finding


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (runs of their own post)
    """Returns all findings on the bursts, once each has ended. A burst that could not be sent is a doubt."""
    if evidence.waits or any(one.state is RunState.UNDER_WAY for one in evidence.tests):
        return wait(evidence)
    found = sum((_judge(one) for one in evidence.tests), Findings())
    measured = {str(one.id): dict(result.facts) for one in evidence.tests for result in one.results}
    return outcome_of(found.faults, found.doubts).having_seen(measured=measured)


def _judge(tested: ReviewedComponent) -> Findings:
    subject, place = subject_of(tested), place_of(tested)
    if tested.state is RunState.FAILED:
        detail = f"{subject}: the service could not end its burst, test run {tested.run_id}."
        return Findings(doubts=(Finding("volume.failed", detail, LEFT_TO_A_REVIEWER, place),))
    if tested.why is not None:
        return Findings(doubts=(Finding(tested.why.code, f"{subject}: {tested.why.detail}", tested.why.remedy, place),))
    found = Findings()
    for result in tested.results:
        shown = in_words(dict(result.facts)) if result.facts else result.shown
        told = tuple(
            Finding(one.code, f"{subject}: {one.detail}", one.remedy, place, f"{result.shown} {shown}".strip())
            for one in result.findings
        )
        found += Findings(told) if result.colour == TestColour.RED else Findings(doubts=told)
    return found
