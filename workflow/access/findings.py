"""Automatic findings on requests for access: on the address at once, on the website later. They decide nothing."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.access.domains import company_domain, domain_of_mail, is_disposable_mail, is_free_mail
from workflow.findings import Finding
from workflow.work.leases import Lease


def findings_of_website_and_mail(website: str, email: str) -> tuple[Finding, ...]:
    """Returns every sign that `website` and `email` are not a company's own. Pure. Raises Invalid (website.invalid)."""
    shared = Finding(
        "website.shared",
        f"{website} is at a host that many parties share, so it does not show which company it belongs to.",
        "Name the website at the company's own domain. Without one, say in the plan how the company can be recognised.",
        website,
    )
    domain = company_domain(website)
    return (*((shared,) if domain is None else ()), *findings_of_mail(email, domain))


def findings_of_mail(email: str, website_domain: str | None) -> tuple[Finding, ...]:
    """Returns every sign that `email` is not an address of the company. Pure.

    `website_domain` is None for a company whose website is at a shared host.
    """
    domain, disposable = domain_of_mail(email), is_disposable_mail(email)
    own_domain = website_domain or "the company's own domain"
    own = f"Use an address at {own_domain}."
    judged = (
        (disposable, "mail.disposable", f"{domain} offers disposable addresses.", own),
        (is_free_mail(email) and not disposable, "mail.free", f"Anybody can get an address at {domain}.", own),
        (
            website_domain is not None and domain != website_domain,
            "mail.other_domain",
            f"The address is at {domain}; the website is at {website_domain}.",
            f"{own} Or name the website at the address's domain.",
        ),
    )
    return tuple(Finding(code, detail, remedy) for found, code, detail, remedy in judged if found)


def record_website_check(session: Session, lease: Lease, findings: Sequence[Finding], now: datetime) -> bool:
    """Records the findings of a website check, by its lease. Does not commit.

    Returns False and records nothing if the request has been decided or the check has been leased again since.
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
