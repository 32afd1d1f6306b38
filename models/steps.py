"""The definitions of all steps that a review can have, in STEPS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from models.checklist import Requirement


class StepTaker(StrEnum):
    """Who takes a review step."""

    MACHINE = "machine"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDefinition:
    """All that is fixed about a review step. What a machine's step does is its run, in workers/steps.

    Its findings stand at `requirement`; it reads the evidence for `needs`, None if it reads none, and the Components if
    it `reads_components`; `has_runs`: it also has tests of theirs run. `on_drafts`: it may look at an App that is still
    being built. `in_reviews`: it looks at what is submitted. `in_health_reviews`: it may look again at what is public.
    `lease` is how long a worker needs its row for one run; a person's step is never leased.
    """

    code: str
    title: str
    taken_by: StepTaker
    requirement: Requirement
    needs: Requirement | None
    on_drafts: bool
    in_health_reviews: bool
    lease: timedelta | None
    in_reviews: bool = True
    reads_components: bool = False
    has_runs: bool = False


_A_FETCH: Final = timedelta(seconds=45)


def _machine_step(
    code: str, title: str, requirement: Requirement, *, in_health_reviews: bool, reads_components: bool = False
) -> StepDefinition:
    """Returns a step that reads the evidence of the requirement that it speaks of, and nothing that a draft lacks."""
    return StepDefinition(
        code=code,
        title=title,
        taken_by=StepTaker.MACHINE,
        requirement=requirement,
        needs=requirement,
        on_drafts=True,
        in_health_reviews=in_health_reviews,
        lease=_A_FETCH,
        reads_components=reads_components,
    )


def _persons_step(code: str, title: str, requirement: Requirement, needs: Requirement | None = None) -> StepDefinition:
    """Returns a step that a reviewer takes: on what was submitted, and never again."""
    return StepDefinition(
        code=code,
        title=title,
        taken_by=StepTaker.PERSON,
        requirement=requirement,
        needs=needs,
        on_drafts=False,
        in_health_reviews=False,
        lease=None,
    )


COMPONENTS_REVIEWED: Final = "components_reviewed"
"""The step that an App with a Component of which tests see only the form has in any case."""

STEPS: Final[Mapping[str, StepDefinition]] = {
    step.code: step
    for step in (
        _machine_step(
            "partner_documentation",
            "The partner's own documentation",
            Requirement.PARTNER_DOCUMENTATION,
            in_health_reviews=True,
        ),
        _machine_step(  # not in health reviews: a link to somebody else's page should not put a live App in grace
            "documentation_links",
            "The links of the partner's documentation",
            Requirement.PARTNER_DOCUMENTATION,
            in_health_reviews=False,
        ),
        _machine_step(  # not in health reviews: what is public was written by the template of its day
            "platform_documentation",
            "The documentation for the platform's site",
            Requirement.PLATFORM_DOCUMENTATION,
            in_health_reviews=False,
            reads_components=True,
        ),
        _machine_step(
            "partners_page",
            "The partner's integrations page",
            Requirement.PARTNERS_PAGE,
            in_health_reviews=True,
        ),
        _machine_step(  # not in health reviews: an announcement is read once, and may be gone a year later
            "launch_announcement",
            "The launch announcement",
            Requirement.LAUNCH_ANNOUNCEMENT,
            in_health_reviews=False,
        ),
        _machine_step(
            "catalog_details",
            "The details of the catalog entry",
            Requirement.CATALOG_DETAILS,
            in_health_reviews=True,
        ),
        StepDefinition(  # not in health reviews: what is public was named by the Spec of its day
            code="spec_adherence",
            title="The streams' events, by the Spec",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=True,
            in_health_reviews=False,
            lease=_A_FETCH,
            reads_components=True,
        ),
        StepDefinition(
            code="component_tests",
            title="The Components' tests, run again",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=True,
            in_health_reviews=True,
            lease=_A_FETCH,
            reads_components=True,
            has_runs=True,
        ),
        StepDefinition(  # neither on drafts nor in health reviews: nobody is burdened without need
            code="volume",
            title="A burst of events to the endpoints",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.WORKING_INTEGRATION,
            needs=None,
            on_drafts=False,
            in_health_reviews=False,
            lease=_A_FETCH,
            reads_components=True,
            has_runs=True,
        ),
        StepDefinition(
            code="drift",
            title="What has changed since the approval",
            taken_by=StepTaker.MACHINE,
            requirement=Requirement.PARTNER_DOCUMENTATION,
            needs=Requirement.PARTNER_DOCUMENTATION,
            on_drafts=False,
            in_reviews=False,
            in_health_reviews=True,
            lease=_A_FETCH,
            reads_components=True,
        ),
        _persons_step(
            "end_to_end_check",
            "The end-to-end check with the test account",
            Requirement.WORKING_INTEGRATION,
            Requirement.TEST_ACCOUNT,
        ),
        _persons_step(
            "documentation_check",
            "The documentation, compared with the test",
            Requirement.PLATFORM_DOCUMENTATION,
        ),
        _persons_step(
            "catalog_entry_check",
            "The catalog entry, as it is shown",
            Requirement.CATALOG_DETAILS,
        ),
        _persons_step(
            COMPONENTS_REVIEWED,
            "The Components, reviewed by a person",
            Requirement.WORKING_INTEGRATION,
        ),
    )
}
"""Every review step that a policy may name, by code."""

MACHINE_STEPS: Final = frozenset(code for code, step in STEPS.items() if step.taken_by is StepTaker.MACHINE)
"""Steps that a worker runs; a reviewer decides the others."""

STEP_LEASE: Final = max(step.lease for step in STEPS.values() if step.lease is not None)
"""How long a worker has the row of a step, whichever it is: rows of all steps are leased alike."""


def step_title(code: str) -> str:
    """Returns the title of a step, or its code when the step is no longer defined: old reviews still name it."""
    return STEPS[code].title if code in STEPS else code
