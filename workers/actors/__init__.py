"""Dramatiq's actors, one file a kind of work. LEASED_WORK lists those whose rows are leased.

To add a kind: write its file and name it here; docs/extending.md has the rest.
"""

from workers.actors.jobs import JOB_TICKS
from workers.actors.notifications import NOTIFICATIONS
from workers.actors.review_steps import REVIEW_STEPS
from workers.actors.website_checks import WEBSITE_CHECKS
from workers.leasing.work import LeasedWork

LEASED_WORK: tuple[LeasedWork, ...] = (REVIEW_STEPS, NOTIFICATIONS, JOB_TICKS, WEBSITE_CHECKS)
