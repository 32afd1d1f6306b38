"""The actor that looks at the websites of companies that ask for access, without a transaction."""

from models import WebsiteCheck
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.pages import FetchesPages
from workflow.access.findings import record_website_check
from workflow.findings import Finding
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease


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


def check_website(context: WorkerContext, lease: Lease) -> bool:
    """Looks at a website. Returns False when its request was decided or its check leased again meanwhile."""
    with context.unit_of_work() as session:
        url = session.get_one(WebsiteCheck, lease.id).url
    findings = findings_of_website(url, context.http)
    context.reached("website_checked")
    with context.unit_of_work() as session:
        return record_website_check(session, lease, findings, database_now(session))


WEBSITE_CHECKS = LeasedWork(DueKind.WEBSITE_CHECK, "check_website", check_website)
