"""Looking at the websites of companies that ask for access: lease, fetch without a transaction, record."""

import logging
from datetime import timedelta
from uuid import UUID

from models import WebsiteCheck
from workers.deps import Deps, database_now
from workers.pages import FetchesPages
from workflow.access.findings import record_website_check
from workflow.due import DueKind, fail_due_row, lease_due_rows
from workflow.reviewing.steps import Finding

LEASE = timedelta(minutes=2)
"""Longer than a page may take."""

log = logging.getLogger(__name__)


def run_due_checks(deps: Deps) -> int:
    """Looks at due websites until none is left; gives how many."""
    worked = 0
    while True:
        with deps.unit_of_work() as session:
            ids = lease_due_rows(session, DueKind.WEBSITE_CHECK, database_now(session), lease=LEASE, limit=1)
        if not ids:
            return worked
        for check_id in ids:
            _check(deps, check_id)
            worked += 1


def findings_of_website(url: str, http: FetchesPages) -> tuple[Finding, ...]:
    """Gives what is wrong with how the website answers; nothing when it answers with a page."""
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


def _check(deps: Deps, check_id: UUID) -> None:
    with deps.unit_of_work() as session:
        url = session.get_one(WebsiteCheck, check_id).url
    try:
        findings = findings_of_website(url, deps.http)
    except Exception as error:
        log.exception("website check %s broke", check_id)
        with deps.unit_of_work() as session:
            fail_due_row(session, DueKind.WEBSITE_CHECK, check_id, repr(error), database_now(session))
        deps.count_worked(DueKind.WEBSITE_CHECK, "failed")
        return
    deps.reached("website_checked")
    with deps.unit_of_work() as session:
        record_website_check(session, check_id, findings, database_now(session))
    deps.count_worked(DueKind.WEBSITE_CHECK, "done")
