"""The step `catalog_details`: checks the catalog text by the checklist's rules, as they are now."""

from models.checklist import Requirement
from models.lifecycle import StepTrigger
from workers.pages import FetchesPages
from workers.steps.step import Evidence, StepOutcome
from workflow.building.findings import Templates, findings_on


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (nothing to fetch)
    """Returns all findings on the catalog text."""
    findings = tuple(findings_on(Requirement.CATALOG_DETAILS, evidence.given, Templates(evidence.profile.guides)))
    return StepOutcome(StepTrigger.FAIL if findings else StepTrigger.PASS, findings)
