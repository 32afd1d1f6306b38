"""The step `catalog_details`: checks the catalog text by the checklist's rules, as they are now."""

from models.checklist import Requirement
from workers.pages import FetchesPages
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.building.findings import Templates, findings_on


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (nothing to fetch)
    """Returns all findings on the catalog text."""
    findings = tuple(findings_on(Requirement.CATALOG_DETAILS, evidence.given, Templates(evidence.profile.guides)))
    return outcome_of(findings)
