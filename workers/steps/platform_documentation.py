"""The step `platform_documentation`: judges the documentation by the templates of the kinds of all Components."""

from models.checklist import Requirement
from workers.pages import FetchesPages
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.building.findings import Templates, findings_on


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (nothing to fetch)
    """Returns all findings on the text, as the checklist judges it."""
    kinds = frozenset(str(component["kind"]) for component in evidence.components)
    templates = Templates(evidence.profile.guides, kinds)
    return outcome_of(findings_on(Requirement.PLATFORM_DOCUMENTATION, evidence.given, templates))
