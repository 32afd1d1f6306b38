"""The review steps. One file each: its code, what it needs of the submission, and its run. REGISTRY lists them.

To add a step: write its file, name it here and in workflow/reviewing/steps.py, and publish a policy that has its code.
"""

from workers.steps.catalog_details import CATALOG_DETAILS
from workers.steps.launch_announcement import LAUNCH_ANNOUNCEMENT
from workers.steps.partner_documentation import PARTNER_DOCUMENTATION
from workers.steps.partners_page import PARTNERS_PAGE
from workers.steps.step import Step

REGISTRY: dict[str, Step] = {
    step.code: step for step in (PARTNER_DOCUMENTATION, PARTNERS_PAGE, LAUNCH_ANNOUNCEMENT, CATALOG_DETAILS)
}
"""The steps that a machine takes, by code. A step that a person decides needs no code here."""
