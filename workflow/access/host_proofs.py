"""Proving that a host is a company's: a challenge that the host serves on a page, or its name in a TXT record."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import HostProof
from models.base import new_id
from models.due import DueStatus, Urgency
from models.host_proof import ProofPlace
from workflow.access.domains import fetch_lane
from workflow.access.invitations import lock_organization
from workflow.access.people import find_organization
from workflow.access.tried_hosts import is_under_own_domain, read_host
from workflow.errors import Conflict, NotFound
from workflow.findings import Finding
from workflow.identity.actors import SCHEDULE, Actor
from workflow.identity.audit_log import log_action
from workflow.pages import PageOf, PageRequest, read_page
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.leases import Lease

PAGE_PATH: Final = "/.well-known/devcenter-challenge"
DNS_LABEL: Final = "_devcenter-challenge"
CHALLENGE_PREFIX: Final = "devcenter-challenge="
CHALLENGE_LIFE: Final = timedelta(days=14)
"""How long a challenge that is not published yet can prove its host."""
PROOF_LIFE: Final = timedelta(days=90)
"""How long a host that was proved is taken for the company's. Each check that finds the challenge begins it again."""
PAUSE: Final = timedelta(minutes=1)
"""The time from one check of a host to the next."""
MAX_HOSTS: Final = 20
"""The number of hosts that a company may have proofs for at a time."""


def page_of(host: str) -> str:
    """Returns the URL of the page that shows the challenge of `host`."""
    return f"https://{host}{PAGE_PATH}"


def record_of(host: str) -> str:
    """Returns the name of the TXT record that has the challenge of `host`."""
    return f"{DNS_LABEL}.{host}"


def state_of_host(proof: HostProof, now: datetime) -> Literal["open", "proved", "expired"]:
    """Returns `expired` after the end of a proof or a challenge; before that, whether the host is proved."""
    if proof.expires_at <= now:
        return "expired"
    return "open" if proof.proved_at is None else "proved"


def begin_host_proof(session: Session, organization_id: UUID, host: str, actor: Actor, now: datetime) -> HostProof:
    """Returns the company's proof of a host with its challenge: a new one, or the present one if it has not expired.

    Locks the organization. Does not commit. Raises NotFound, Invalid (host.invalid) and Conflict
    (host_proof.not_needed, host_proof.too_many).
    """
    find_organization(session, organization_id, actor)
    lock_organization(session, organization_id)
    name = read_host(host)
    if is_under_own_domain(session, organization_id, name):
        detail = f"{name} is under the company's own domain and needs no proof."
        raise Conflict("host_proof.not_needed", detail, "Have requests tried out on it right away.")
    of_company = select(HostProof).where(HostProof.organization_id == organization_id)
    known = session.scalar(of_company.where(HostProof.host == name).with_for_update())
    if known is not None and state_of_host(known, now) != "expired":
        return known
    if known is None and session.scalars(select(func.count()).select_from(of_company.subquery())).one() >= MAX_HOSTS:
        detail = f"The company has proofs of {MAX_HOSTS} hosts, as many as it may have."
        raise Conflict("host_proof.too_many", detail, "Remove one that you no longer need.")
    proof = known or HostProof(id=new_id(), organization_id=organization_id, host=name)
    proof.challenge = CHALLENGE_PREFIX + secrets.token_hex(20)
    proof.begun_by, proof.created_at, proof.expires_at = actor.id, now, now + CHALLENGE_LIFE
    proof.asked_at = proof.checked_at = proof.proved_at = proof.found_in = None
    proof.findings = []
    proof.status, proof.due_at, proof.leased_until, proof.lane = DueStatus.DONE, now, None, fetch_lane(page_of(name))
    session.add(proof)
    session.flush()
    log_action(session, actor, "host_proof.begin", proof.id, host=name)
    return proof


def list_host_proofs(session: Session, organization_id: UUID, actor: Actor, wanted: PageRequest) -> PageOf[HostProof]:
    """Returns a page of the company's proofs of hosts, oldest first. Raises NotFound."""
    find_organization(session, organization_id, actor)
    return read_page(
        session, select(HostProof).where(HostProof.organization_id == organization_id), HostProof.id, wanted
    )


def ask_for_check(session: Session, organization_id: UUID, proof_id: UUID, actor: Actor, now: datetime) -> HostProof:
    """Makes a check of the host due, and returns its proof. Locks the proof. Does not commit.

    Raises NotFound and Conflict (host_proof.expired, host_proof.under_way, host_proof.too_soon).
    """
    proof = _lock_proof(session, organization_id, proof_id, actor)
    if state_of_host(proof, now) == "expired":
        raise Conflict("host_proof.expired", "The proof has ended.", "Begin it again, with a new challenge.")
    if proof.status == DueStatus.DUE:
        raise Conflict("host_proof.under_way", "The host is being checked right now.", "Read the proof in a moment.")
    if proof.asked_at is not None and proof.asked_at > now - PAUSE:
        detail = "The host was checked a moment ago."
        raise Conflict("host_proof.too_soon", detail, f"Check it again after {proof.asked_at + PAUSE:%H:%M:%S} UTC.")
    proof.status, proof.due_at, proof.asked_at = DueStatus.DUE, now, now
    proof.attempts, proof.leased_until, proof.urgency = 0, None, Urgency.URGENT
    session.flush()
    log_action(session, actor, "host_proof.check", proof_id, host=proof.host)
    ring_after_commit(session, Bell.HOSTS)
    return proof


def remove_host_proof(session: Session, organization_id: UUID, proof_id: UUID, actor: Actor) -> None:
    """Deletes a proof: from then on the host is not the company's. Does not commit. Raises NotFound."""
    proof = _lock_proof(session, organization_id, proof_id, actor)
    session.delete(proof)
    session.flush()
    log_action(session, actor, "host_proof.remove", proof_id, host=proof.host)


def record_host_check(
    session: Session, lease: Lease, found_in: ProofPlace | None, findings: Sequence[Finding], now: datetime
) -> bool:
    """Records what a check of a host found, by its lease. Does not commit.

    A challenge that was found proves the host from now on. One that was not leaves an earlier proof as it is until that
    ends. Returns False and records nothing if the proof was removed, begun again or leased again since.
    """
    host = session.scalar(
        _RECORD,
        {
            "id": lease.id,
            "until": lease.until,
            "now": now,
            "found_in": found_in,
            "expires_at": now + PROOF_LIFE,
            "findings": json.dumps([finding.as_dict() for finding in findings]),
        },
    )
    if host is not None and found_in is not None:
        log_action(session, SCHEDULE, "host_proof.prove", lease.id, host=host, found_in=found_in.value)
    return host is not None


def _lock_proof(session: Session, organization_id: UUID, proof_id: UUID, actor: Actor) -> HostProof:
    find_organization(session, organization_id, actor)
    wanted = select(HostProof).where(HostProof.id == proof_id, HostProof.organization_id == organization_id)
    proof = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if proof is None:
        raise NotFound("host_proof.not_found", f"The company has no proof {proof_id}.", "List its proofs.")
    return proof


_RECORD: Final = text("""
    UPDATE host_proof
       SET status = 'done', leased_until = NULL, last_error = NULL, checked_at = :now,
           findings = CAST(:findings AS jsonb),
           proved_at = CASE WHEN CAST(:found_in AS text) IS NULL THEN proved_at ELSE :now END,
           found_in = coalesce(CAST(:found_in AS text), found_in),
           expires_at = CASE WHEN CAST(:found_in AS text) IS NULL THEN expires_at ELSE :expires_at END
     WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING host
""")
