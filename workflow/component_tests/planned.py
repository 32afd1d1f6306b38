"""What a run of a Component's tests is about to do, case by case, and what people call each case. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models import Component, ComponentTest
from models.component import ComponentKind
from models.component_test import RunScope
from workflow.component_tests.cases import dispatches_of
from workflow.component_tests.journey import STEPS
from workflow.component_tests.messages import MadeUpUser


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A case of a run that has no result yet. `event` is the type of what it sends."""

    code: str
    event: str

    @property
    def title(self) -> str:
        """What people call the case."""
        return title_of(self.code)


def cases_of(component: Component, run: ComponentTest) -> tuple[PlannedCase, ...]:
    """Returns the cases of a run that a partner started, in order; none for a run that a review started.

    An observed case has no result if nothing before it was answered.
    """
    scope = RunScope(run.scope)
    if scope not in _STARTED_BY_PARTNERS:
        return ()
    if component.kind == ComponentKind.PLUGIN:
        return (PlannedCase("bundle" if component.subkind == "web" else "package", "load"),)
    types = (run.subject or {}).get("event_types", ())
    dispatches = dispatches_of(scope, types, run.wanted or {}, MadeUpUser(run.id, run.requested_at))
    return tuple(PlannedCase(one.question.code, one.question.event) for one in dispatches)


def title_of(code: str) -> str:
    """Returns what people call a case, by its code; the code itself if it has no name."""
    return TITLES.get(code, code)


_STARTED_BY_PARTNERS: Final = (RunScope.SUITE, RunScope.EVENT, RunScope.TRY_OUT)
TITLES: Final[Mapping[str, str]] = {
    **{step.code: step.title for step in STEPS},
    "wrong_key": "a wrong key",
    "malformed": "a body that is cut off",
    "duplicate": "the same event again",
    "other_order": "an earlier event, later",
    "other_casing": "keys of another casing",
    "nulls": "null for values",
    "try_out": "your own message",
    "burst": "many events at once",
    "bundle": "the bundle",
    "package": "the package's name and versions",
}
"""What people call each case, by its code."""
