"""What a run of a review step is: a function from evidence to an outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.lifecycle import StepTrigger
from workers.pages import FetchesPages
from workflow.findings import Finding
from workflow.profile.document import Profile


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a step may look at: the snapshot of the submission, never the App as it is now, and the profile."""

    app_name: str
    given: Mapping[str, Any]
    profile: Profile


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended (`pass`, `warn` or `fail`) and everything it found, all at once."""

    trigger: StepTrigger
    findings: tuple[Finding, ...] = ()


StepRun = Callable[[Evidence, FetchesPages], StepOutcome]
"""What a machine's step does. It may take its time and use the network; it holds no transaction.

When it raises, the step is tried again, later and later.
"""
