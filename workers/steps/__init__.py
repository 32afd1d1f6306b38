"""The runs of the review steps that a machine takes, one file each. RUNS lists them by their codes in `STEPS`."""

from collections.abc import Mapping

from workers.steps import catalog_details, launch_announcement, partner_documentation, partners_page
from workers.steps.step import StepRun

RUNS: Mapping[str, StepRun] = {
    "partner_documentation": partner_documentation.run,
    "partners_page": partners_page.run,
    "launch_announcement": launch_announcement.run,
    "catalog_details": catalog_details.run,
}
"""What each step does that `models.review.STEPS` gives to a machine."""
