"""Proofs of addresses: a mailed link whose code shows that an address is somebody's. What it then does is others'."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AddressProof
from models.access import ProofPurpose
from models.base import new_id
from models.lifecycle import Role
from workflow.access.domains import costed_domain_of_mail, is_disposable_mail, is_free_mail
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.secrets import PROOF, Seal, hash_of, make_secret
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mailboxes import mailbox_of
from workflow.notifications.people import notify_address
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

PROOF_LIFE: Final = {
    ProofPurpose.ACCESS: timedelta(days=7),
    ProofPurpose.ADDRESS: timedelta(days=1),
    ProofPurpose.TOKEN: timedelta(hours=1),
}
"""How long a link can be used. What was asked for and not proved is deleted when it has ended."""
MAX_PROOFS_A_DAY: Final = {ProofPurpose.ACCESS: 5, ProofPurpose.ADDRESS: 5, ProofPurpose.TOKEN: 3}
"""Links that are mailed to one mailbox within a day."""
DAY: Final = timedelta(days=1)

_MAIL_OF: Final = {
    ProofPurpose.ACCESS: NotificationKind.ACCESS_PROOF,
    ProofPurpose.ADDRESS: NotificationKind.ADDRESS_PROOF,
    ProofPurpose.TOKEN: NotificationKind.TOKEN_PROOF,
}


def mail_proof(
    session: Session,
    purpose: ProofPurpose,
    email: str,
    now: datetime,
    seal: Seal,
    *,
    person_id: UUID | None = None,
    content: dict[str, Any] | None = None,
    secret_hash: bytes | None = None,
) -> AddressProof | None:
    """Stores a proof and queues the mail with its link. Returns None if the mailbox got its links of today already.

    The mail has no word of whoever asked, because nobody knows who that is. Of the code only the hash is stored, and in
    the notification the code itself, encrypted, until it is sent. Locks the mailbox. Does not commit.
    """
    mailbox = mailbox_of(email)
    lock_names(session, LockSpace.MAILBOX, mailbox)
    recent = select(func.count()).where(
        AddressProof.mailbox == mailbox, AddressProof.purpose == purpose.value, AddressProof.created_at > now - DAY
    )
    if session.scalars(recent).one() >= MAX_PROOFS_A_DAY[purpose]:
        return None
    code = make_secret(PROOF)
    proof = AddressProof(
        id=new_id(),
        purpose=purpose.value,
        email=email,
        mailbox=mailbox,
        counted_by=mailbox if _is_of_many(email) else costed_domain_of_mail(email),
        person_id=person_id,
        content=content,
        secret_hash=secret_hash,
        code_hash=code.hash,
        created_at=now,
        expires_at=now + PROOF_LIFE[purpose],
    )
    session.add(proof)
    session.flush()
    data = {"sealed": seal(code.text), "expires": f"{proof.expires_at:%Y-%m-%d %H:%M} UTC"}
    notify_address(session, _MAIL_OF[purpose], f"proof:{proof.id}", email, now, data)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return proof


def proof_with_code(session: Session, code: str, *, lock: bool = False) -> AddressProof:
    """Returns the proof that the code belongs to, locked if wanted, so that two calls take turns. Raises NotFound."""
    statement = select(AddressProof).where(AddressProof.code_hash == hash_of(code))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    proof = session.scalar(statement)
    if proof is None:
        raise NotFound(
            "proof.not_found",
            "The link is unknown, or it has ended and what was asked for with it is deleted.",
            "Copy the whole link from the mail, or ask again.",
        )
    return proof


def state_of_proof(proof: AddressProof, now: datetime) -> Literal["open", "used", "expired"]:
    """Returns `used` once it was proved, `expired` when it no longer can be, and `open` before that."""
    if proof.proved_at is not None:
        return "used"
    return "expired" if proof.expires_at <= now else "open"


def refuse_ended(proof: AddressProof, now: datetime) -> None:
    """Raises Conflict (proof.used, proof.expired) unless the proof is open."""
    state = state_of_proof(proof, now)
    if state == "used":
        raise Conflict("proof.used", "The link was already used.", "Ask for a new one, if you need it again.")
    if state == "expired":
        raise Conflict("proof.expired", "The link has expired.", "Ask again; a new link is mailed to you.")


def holder_of_code(code: str) -> Actor:
    """Returns the actor for the holder of a proof's code, who has no token yet: an id made of the code."""
    return Actor(uuid5(NAMESPACE_URL, f"proof:{code}"), Role.PARTNER)


def count_proved(session: Session, counted_by: str, now: datetime) -> int:
    """Returns how many requests for access were proved within a day by addresses that are counted together."""
    proved = select(func.count()).where(
        AddressProof.counted_by == counted_by,
        AddressProof.purpose == ProofPurpose.ACCESS.value,
        AddressProof.proved_at > now - DAY,
    )
    return session.scalars(proved).one()


def prune_proofs(session: Session, now: datetime, *, limit: int) -> int:
    """Deletes up to `limit` proofs that nobody used in time, with what was asked for. Returns how many.

    A proof is kept for a day after its end, because bounds count it. Does not commit.
    """
    ended = select(AddressProof).where(AddressProof.proved_at.is_(None), AddressProof.expires_at < now - DAY)
    found = session.scalars(ended.limit(limit).with_for_update(skip_locked=True)).all()
    for proof in found:
        session.delete(proof)
    session.flush()
    return len(found)


def _is_of_many(email: str) -> bool:
    return is_free_mail(email) or is_disposable_mail(email)
