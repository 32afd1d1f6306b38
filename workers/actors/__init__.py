"""The Dramatiq actors, with one module for each kind of work. LEASED_WORK lists the kinds of leased work.

To add a kind, write its module and list it here; docs/extending.md explains the rest.
"""

from workers.actors.component_tests import COMPONENT_TESTS
from workers.actors.draft_checks import DRAFT_CHECKS
from workers.actors.jobs import JOB_TICKS
from workers.actors.notifications import NOTIFICATIONS
from workers.actors.review_steps import REVIEW_STEPS
from workers.actors.website_checks import WEBSITE_CHECKS
from workers.leasing.work import LeasedWork

LEASED_WORK: tuple[LeasedWork, ...] = (
    REVIEW_STEPS,
    NOTIFICATIONS,
    JOB_TICKS,
    WEBSITE_CHECKS,
    DRAFT_CHECKS,
    COMPONENT_TESTS,
)
