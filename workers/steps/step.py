"""An automatic review step: a function from evidence to an outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """The result of a step (`pass`, `warn` or `fail`) and all its findings."""

    trigger: StepTrigger
    findings: tuple[Finding, ...] = ()


StepRun = Callable[[Evidence, FetchesPages], StepOutcome]
"""The function of an automatic step. It may take its time and use the network, because no transaction is open.

If it raises, the step is tried again after a growing delay.
"""
