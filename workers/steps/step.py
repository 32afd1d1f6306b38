"""An automatic review step: a function from evidence to an outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from models.lifecycle import StepTrigger
from workers.pages import FetchesPages
from workflow.findings import Finding
from workflow.profile.document import Profile


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a step may use: the submission's snapshot, never the App as it is now, and the platform's profile."""

    app_name: str
    given: Mapping[str, Any]
    profile: Profile


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of a step (`pass`, `warn` or `fail`) and all its findings.

    `again_after`: the result may be another one later, after this rest at least; None if it is final.
    """

    trigger: StepTrigger
    findings: tuple[Finding, ...] = ()
    again_after: timedelta | None = None

    @property
    def in_words(self) -> str:
        """All findings in one line, for the operator who reads why a row is tried again."""
        return "; ".join(f"{one.code}: {one.detail}" for one in self.findings)

    def passing(self, rest: timedelta) -> "StepOutcome":
        """Returns the outcome as one that may pass."""
        return replace(self, again_after=rest)


def outcome_of(faults: Sequence[Finding], doubts: Sequence[Finding] = ()) -> StepOutcome:
    """Returns the outcome for faults, with which the step fails, and doubts, which are left to a reviewer."""
    trigger = StepTrigger.FAIL if faults else StepTrigger.WARN if doubts else StepTrigger.PASS
    return StepOutcome(trigger, (*faults, *doubts))


StepRun = Callable[[Evidence, FetchesPages], StepOutcome]
"""The function of an automatic step. It may take its time and use the network, because no transaction is open.

If it raises, or its outcome may pass, the step is tried again after a growing delay.
"""
