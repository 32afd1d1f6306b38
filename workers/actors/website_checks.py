"""Looking at the websites of companies that ask for access: lease, fetch without a transaction, record."""

from datetime import timedelta

from models import WebsiteCheck
from workers.context import WorkerContext, database_now
from workers.draining import drain
from workers.pages import FetchesPages
from workflow.access.findings import record_website_check
from workflow.findings import Finding
from workflow.work.leases import DueKind, Lease

LEASE = timedelta(minutes=2)
"""Longer than a page may take."""


def run_due_checks(context: WorkerContext) -> int:
    """Looks at due websites until none is left or its turn is over; returns how many."""
    return drain(context, DueKind.WEBSITE_CHECK, _check, lease_for=LEASE)


def findings_of_website(url: str, http: FetchesPages) -> tuple[Finding, ...]:
    """Returns what is wrong with how the website answers; nothing when it answers with a page."""
    try:
        page = http.fetch(url)
    except Exception as error:
        detail, code = getattr(error, "detail", None), getattr(error, "code", None)
        if detail is None or code is None:
            raise
        remedy = str(getattr(error, "remedy", ""))
        return (Finding(f"website.{code}", f"{url} did not answer: {detail}", remedy),)
    if not 200 <= page.status < 300:
        return (Finding("website.status", f"{page.url} answers {page.status}.", "Give the address of its first page."),)
    return ()


def _check(context: WorkerContext, lease: Lease) -> bool:
    with context.unit_of_work() as session:
        url = session.get_one(WebsiteCheck, lease.id).url
    findings = findings_of_website(url, context.http)
    context.reached("website_checked")
    with context.unit_of_work() as session:
        return record_website_check(session, lease, findings, database_now(session))
