"""An automatic review step: a function from evidence to an outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from models.lifecycle import StepTrigger
from workers.pages import FetchesPages
from workflow.assets.facts import PictureFacts
from workflow.component_tests.of_reviews import Occasion, ReviewedComponent
from workflow.findings import Finding
from workflow.profile.document import Profile


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a step may use: the submission's snapshot, never the App as it is now, and the platform's profile.

    `components` are those of the snapshot, for a step that reads them. `pictures` are the App's, by id. For a look at
    what is public, `others` is all of its evidence, by requirement, and `before` what the steps of the approval saw, by
    step. `seen` is how far this step has come. `tests` are the Components with their tests, for a step that has them
    run, and `occasion` is what is looked at. `waits`: another step must end before any is run.
    """

    app_name: str
    given: Mapping[str, Any]
    profile: Profile
    components: Sequence[Mapping[str, Any]] = ()
    pictures: Mapping[str, PictureFacts] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    tests: Sequence[ReviewedComponent] = ()
    waits: bool = False
    occasion: Occasion = Occasion.REVIEW


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of a step (`pass`, `warn` or `fail`) and all its findings.

    `again_after`: the result may be another one later, after this rest at least; None if it is final. `seen` is kept
    with the step; of one that `goes_on`, it is how far it has come, and the step runs again `after` a pause.
    """

    trigger: StepTrigger
    findings: tuple[Finding, ...] = ()
    again_after: timedelta | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    goes_on: bool = False
    after: timedelta = timedelta()

    @property
    def in_words(self) -> str:
        """All findings in one line, for the operator who reads why a row is tried again."""
        return "; ".join(f"{one.code}: {one.detail}" for one in self.findings)

    def passing(self, rest: timedelta) -> "StepOutcome":
        """Returns the outcome as one that may pass."""
        return replace(self, again_after=rest)

    def having_seen(self, **seen: Any) -> "StepOutcome":
        """Returns the outcome with what is kept of what the step saw."""
        return replace(self, seen=seen)


def outcome_of(faults: Sequence[Finding], doubts: Sequence[Finding] = ()) -> StepOutcome:
    """Returns the outcome for faults, with which the step fails, and doubts, which are left to a reviewer."""
    trigger = StepTrigger.FAIL if faults else StepTrigger.WARN if doubts else StepTrigger.PASS
    return StepOutcome(trigger, (*faults, *doubts))


def goes_on(seen: Mapping[str, Any], after: timedelta = timedelta()) -> StepOutcome:
    """Returns the outcome of a step that has come as far as `seen` says, and has more to do `after` a pause."""
    return StepOutcome(StepTrigger.PASS, seen=seen, goes_on=True, after=after)


StepRun = Callable[[Evidence, FetchesPages], StepOutcome]
"""The function of an automatic step. It may take its time and use the network, because no transaction is open.

If it raises, or its outcome may pass, the step is tried again after a growing delay.
"""
