"""Changing a person's address: the new one is proved by a mailed link, and the old one is told."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import AddressProof, Person
from models.access import ProofPurpose
from models.base import new_id
from models.lifecycle import Role
from workflow.access.people import find_person
from workflow.access.proofs import MAX_PROOFS_A_DAY, mail_proof
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_address
from workflow.work.bells import Bell, ring_after_commit


def ask_for_address(session: Session, actor: Actor, email: str, now: datetime, seal: Seal) -> AddressProof:
    """Mails a link to the address that the actor wants, and returns its proof. Nothing changes until it is used.

    Does not say whether the address is somebody's. Does not commit. Raises NotFound and Conflict (mail.too_many).
    """
    person = find_person(session, actor)
    proof = mail_proof(session, ProofPurpose.ADDRESS, email, now, seal, person_id=person.id)
    if proof is None:
        detail = f"{MAX_PROOFS_A_DAY[ProofPurpose.ADDRESS]} links were mailed to {email} within a day."
        raise Conflict("mail.too_many", detail, "Use one of them, or wait a day.")
    log_action(session, actor, "person.ask_for_address", person.id, proof=str(proof.id))
    return proof


def change_address(session: Session, proof: AddressProof, now: datetime) -> Person:
    """Sets the address that was proved as the person's, tells the old one, and returns the person. Does not commit.

    Raises NotFound if the person was removed, and Conflict (person.email_taken).
    """
    person = session.get(Person, proof.person_id, with_for_update=True, populate_existing=True)
    if person is None or person.removed_at is not None:
        raise NotFound("person.not_found", "Whoever asked for this has no access any more.", "There is nothing to do.")
    old, new = person.email, proof.email
    try:
        with session.begin_nested():
            person.email = new
    except IntegrityError as error:
        if "person_email_key" not in str(error):
            raise
        raise Conflict(
            "person.email_taken", f"{new} already belongs to somebody with access.", "Use another address."
        ) from None
    proof.proved_at = now
    session.flush()
    data = {"name": person.name, "new_email": new}
    notify_address(session, NotificationKind.ADDRESS_CHANGED, f"address:{new_id()}", old, now, data)
    log_action(session, Actor(person.id, Role(person.role), person.organization_id), "person.change_address", person.id)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return person
