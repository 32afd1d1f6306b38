"""The automatic review steps, with one module for each. RUNS lists them by their codes in `models.review.STEPS`."""

from collections.abc import Mapping

from workers.steps import (
    catalog_details,
    component_tests,
    documentation_links,
    drift,
    launch_announcement,
    partner_documentation,
    partners_page,
    platform_documentation,
    spec_adherence,
    volume,
)
from workers.steps.step import StepRun

RUNS: Mapping[str, StepRun] = {
    "partner_documentation": partner_documentation.run,
    "documentation_links": documentation_links.run,
    "platform_documentation": platform_documentation.run,
    "partners_page": partners_page.run,
    "launch_announcement": launch_announcement.run,
    "catalog_details": catalog_details.run,
    "spec_adherence": spec_adherence.run,
    "component_tests": component_tests.run,
    "volume": volume.run,
    "drift": drift.run,
}
"""The function of each step that `models.review.STEPS` marks as automatic."""
