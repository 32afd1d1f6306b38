"""The actor that checks the websites of companies that request access, outside any transaction."""

from typing import Final

from models import WebsiteCheck
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.pages import FetchesPages
from workers.visiting import Obstacle, visit
from workflow.access.findings import record_website_check
from workflow.findings import Finding
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease, TryLater

MAX_LOOKS: Final = 2
"""How often a website that does not answer is looked at. Its findings decide nothing, and a person waits for them."""


def look_at_website(url: str, http: FetchesPages) -> Obstacle | None:
    """Returns what kept the website from being read; None if it answers with a page."""
    found = visit(url, http)
    return found if isinstance(found, Obstacle) else None


def findings_of_website(url: str, http: FetchesPages) -> tuple[Finding, ...]:
    """Returns the findings on the website's answer; none if it answers with a page. Raises errors worth a retry."""
    return _findings(look_at_website(url, http))


def check_website(context: WorkerContext, lease: Lease) -> bool:
    """Checks a website. Commits. Returns False if the request has been decided or the check leased again since.

    Raises TryLater if the website does not answer for a reason that may pass, once.
    """
    with context.unit_of_work() as session:
        check = session.get_one(WebsiteCheck, lease.id)
        url, attempts = check.url, check.attempts
    obstacle = look_at_website(url, context.http)
    context.reached("website_checked")
    if obstacle is not None and obstacle.may_pass and attempts < MAX_LOOKS:
        raise TryLater(f"{obstacle.code}: {obstacle.detail}")
    with context.unit_of_work() as session:
        return record_website_check(session, lease, _findings(obstacle), database_now(session))


def _findings(obstacle: Obstacle | None) -> tuple[Finding, ...]:
    return () if obstacle is None else (Finding(f"website.{obstacle.code}", obstacle.detail, obstacle.remedy),)


WEBSITE_CHECKS = LeasedWork(DueKind.WEBSITE_CHECK, "check_website", check_website)
