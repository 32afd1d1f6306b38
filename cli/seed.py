"""The people of the demonstration, one for each role, and a fresh token for each. Safe to run at every start."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import AccessRequest, ApiToken, Organization, Person, Service
from models.lifecycle import AccessState, Role
from workflow.tokens import issue_token

COMPANY = "Acme"
TOKEN_LABEL = "devcenter up"
TOKEN_LIFE = timedelta(days=30)
SERVICE_NAME = "usage-reporter"
_PEOPLE = {
    Role.PARTNER: ("Paula Partner", "paula@acme.example"),
    Role.REVIEWER: ("Remy Reviewer", "remy@platform.example"),
    Role.ADMIN: ("Ada Admin", "ada@platform.example"),
}


def seed(session: Session, now: datetime) -> dict[str, str]:
    """Makes who is missing and gives a new token for each role; those of earlier starts are revoked.

    Does not commit. Run it while holding the state folder: two at once could make a company twice.
    """
    company = session.scalar(select(Organization).where(Organization.name == COMPANY).order_by(Organization.id))
    if company is None:
        company = Organization(name=COMPANY, website="https://acme.example", domain="acme.example")
        session.add(company)
        session.flush()
    people = {role: _person(session, role, company) for role in _PEOPLE}
    _approve_access(session, company, people[Role.PARTNER], people[Role.REVIEWER], now)
    holders: dict[Role, Person | Service] = {**people, Role.SERVICE: _service(session)}
    session.execute(
        update(ApiToken).where(ApiToken.label == TOKEN_LABEL, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    return {
        role.value: issue_token(session, holder, label=TOKEN_LABEL, expires_at=now + TOKEN_LIFE)[1]
        for role, holder in holders.items()
    }


def _person(session: Session, role: Role, company: Organization) -> Person:
    name, email = _PEOPLE[role]
    person = session.scalar(select(Person).where(Person.email == email, Person.removed_at.is_(None)))
    if person is None:
        organization_id = company.id if role is Role.PARTNER else None
        owner = role is Role.PARTNER
        person = Person(role=role.value, name=name, email=email, organization_id=organization_id, owner=owner)
        session.add(person)
        session.flush()
    return person


def _service(session: Session) -> Service:
    service = session.scalar(select(Service).where(Service.name == SERVICE_NAME))
    if service is None:
        service = Service(name=SERVICE_NAME)
        session.add(service)
        session.flush()
    return service


def _approve_access(session: Session, company: Organization, partner: Person, reviewer: Person, now: datetime) -> None:
    known = session.scalar(select(AccessRequest.id).where(AccessRequest.organization_id == company.id).limit(1))
    if known is None:
        session.add(
            AccessRequest(
                organization_id=company.id,
                company_name=company.name,
                website=company.website,
                contact_name=partner.name,
                contact_email=partner.email,
                plan="A subscription that takes events.",
                survey={},
                state=AccessState.APPROVED.value,
                due_at=now,
                decided_at=now,
                decided_by=reviewer.id,
            )
        )
        session.flush()
