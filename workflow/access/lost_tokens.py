"""A new token for somebody who lost theirs: their address, which was proved, proves them."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AddressProof, ApiToken, Person
from models.access import ProofPurpose
from models.lifecycle import Role
from workflow.access.proofs import mail_proof
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal
from workflow.identity.tokens import issue_token, make_room_for_token

TOKEN_LIFE = timedelta(days=365)
TOKEN_LABEL = "by mail"


def ask_for_token(session: Session, email: str, now: datetime, seal: Seal) -> None:
    """Mails a link for a new token, if the address is that of a partner. Does not commit.

    Whoever asks is told nothing: neither whether the address is somebody's, nor whether it had its links of today.
    """
    partner = select(Person).where(
        func.lower(Person.email) == email.lower(), Person.removed_at.is_(None), Person.role == Role.PARTNER.value
    )
    person = session.scalar(partner)
    if person is not None:
        mail_proof(session, ProofPurpose.TOKEN, person.email, now, seal, person_id=person.id)


def issue_lost_token(session: Session, proof: AddressProof, now: datetime) -> tuple[ApiToken, str]:
    """Issues a token to the person whose address was proved, and returns it with its text. Does not commit.

    Other tokens stay as they are; when they are more than a person may have, the one that was made first is revoked.
    Raises NotFound if the person was removed, or has another address by now.
    """
    person = session.get(Person, proof.person_id, with_for_update=True, populate_existing=True)
    if person is None or person.removed_at is not None or person.email.lower() != proof.email.lower():
        raise NotFound("person.not_found", "The address belongs to nobody with access.", "Ask to be invited again.")
    make_room_for_token(session, person.id, now)
    token, plain = issue_token(session, person, label=TOKEN_LABEL, expires_at=now + TOKEN_LIFE)
    proof.proved_at = now
    session.flush()
    log_action(session, Actor(person.id, Role(person.role), person.organization_id), "token.recover", token.id)
    return token, plain
