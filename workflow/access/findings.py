"""What a machine finds of a request for access: at once of the address, later of the website. It decides nothing."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.access.domains import domain_of_mail, is_disposable_mail, is_free_mail
from workflow.findings import Finding
from workflow.work.leases import Lease


def findings_of_mail(email: str, website_domain: str) -> tuple[Finding, ...]:
    """Returns everything that speaks against `email` being an address of the company. Pure."""
    domain, disposable = domain_of_mail(email), is_disposable_mail(email)
    own = f"Use an address at {website_domain}."
    judged = (
        (disposable, "mail.disposable", f"{domain} gives out addresses to be thrown away.", own),
        (is_free_mail(email) and not disposable, "mail.free", f"{domain} gives addresses to everybody.", own),
        (
            domain != website_domain,
            "mail.other_domain",
            f"The address is at {domain}; the website is at {website_domain}.",
            f"{own} Or give the website of the address's domain.",
        ),
    )
    return tuple(Finding(code, detail, remedy) for found, code, detail, remedy in judged if found)


def record_website_check(session: Session, lease: Lease, findings: Sequence[Finding], now: datetime) -> bool:
    """Records how the website answered. Does not commit.

    Returns False and records nothing when the request was decided or its check leased again meanwhile.
    """
    recorded = session.scalar(
        text("""
            UPDATE website_check SET status = 'done', leased_until = NULL, last_error = NULL, checked_at = :now,
                   findings = CAST(:findings AS jsonb)
             WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
        """),
        {
            "id": lease.id,
            "until": lease.until,
            "now": now,
            "findings": json.dumps([finding.as_dict() for finding in findings]),
        },
    )
    return recorded is not None
