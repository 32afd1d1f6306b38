"""Whose host it is: which hosts a company may have requests tried out on. A host is named without scheme and port."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import HostProof, Organization, Person
from workflow.access.domains import host_name, is_shared_host, registrable_domain
from workflow.errors import Invalid


def may_be_tried(session: Session, organization_id: UUID, host: str) -> bool:
    """Returns whether the company may have try-outs and bursts sent to `host`.

    It may if the host is under the company's own domain, at which one of its people has an address, or if the host has
    served this company's challenge and the proof has not ended. An IP address may never be tried. Locks nothing.
    """
    name = host_name(host)
    if name is None or registrable_domain(name) is None:
        return False
    return is_under_own_domain(session, organization_id, name) or _is_proved(session, organization_id, name)


def read_host(text: str) -> str:
    """Returns the host name that somebody entered, in lower-case ASCII. Raises Invalid (host.invalid).

    A name of `read_host` is one that a proof can be for: no IP address, and no public suffix such as `github.io`.
    """
    name = host_name(text)
    if name is None or registrable_domain(name) is None:
        raise Invalid(
            "host.invalid",
            f"{text[:100]} is not the name of a host that can be somebody's.",
            "Enter the name alone, such as hooks.acme.com: no https://, no port, no IP address.",
        )
    return name


def is_under_own_domain(session: Session, organization_id: UUID, name: str) -> bool:
    """Returns whether the host is at the company's domain, and one of its people has an address there.

    Every address of a person was proved by a mailed link. A domain that many parties share is nobody's own.
    """
    domain = registrable_domain(name)
    if domain is None or is_shared_host(name):
        return False
    mail = func.lower(Person.email)
    at_domain = mail.endswith(f"@{domain}", autoescape=True) | mail.endswith(f".{domain}", autoescape=True)
    of_company = (Person.organization_id == Organization.id, Person.removed_at.is_(None))
    proved = select(Person.id).where(*of_company, at_domain).exists()
    own = select(Organization.id).where(Organization.id == organization_id, Organization.domain == domain, proved)
    return session.scalar(own) is not None


def _is_proved(session: Session, organization_id: UUID, name: str) -> bool:
    proof = select(HostProof.id).where(
        HostProof.organization_id == organization_id,
        HostProof.host == name,
        HostProof.proved_at.is_not(None),
        HostProof.expires_at > func.clock_timestamp(),
    )
    return session.scalar(proof) is not None
