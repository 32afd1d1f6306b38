"""Whose hosts a partner may try things on through the service: those of its own company."""

from uuid import UUID

from sqlalchemy.orm import Session

from models import Organization
from workflow.access.domains import registrable_domain


def may_be_tried(session: Session, organization_id: UUID, host: str) -> bool:
    """Returns whether `host` is at the domain that the company has proved to be its own. Locks nothing."""
    organization = session.get(Organization, organization_id)
    domain = registrable_domain(host)
    return organization is not None and domain is not None and organization.domain == domain
