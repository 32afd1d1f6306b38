"""The actor that checks the websites of companies that request access, outside any transaction."""

from models import WebsiteCheck
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.pages import FetchesPages
from workflow.access.findings import record_website_check
from workflow.findings import Finding
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease


def findings_of_website(url: str, http: FetchesPages) -> tuple[Finding, ...]:
    """Returns the findings on the website's answer; none if it answers with a page. Raises errors worth a retry."""
    try:
        page = http.fetch(url)
    except Exception as error:
        detail, code = getattr(error, "detail", None), getattr(error, "code", None)
        if detail is None or code is None:
            raise
        remedy = str(getattr(error, "remedy", ""))
        return (Finding(f"website.{code}", f"{url} could not be fetched: {detail}", remedy),)
    if not 200 <= page.status < 300:
        return (Finding("website.status", f"{page.url} answers {page.status}.", "Enter the address of the home page."),)
    return ()


def check_website(context: WorkerContext, lease: Lease) -> bool:
    """Checks a website. Commits. Returns False if the request has been decided or the check leased again since."""
    with context.unit_of_work() as session:
        url = session.get_one(WebsiteCheck, lease.id).url
    findings = findings_of_website(url, context.http)
    context.reached("website_checked")
    with context.unit_of_work() as session:
        return record_website_check(session, lease, findings, database_now(session))


WEBSITE_CHECKS = LeasedWork(DueKind.WEBSITE_CHECK, "check_website", check_website)
