"""Using a mailed link: looking at what it is for, which changes nothing, and proving the address, which acts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models import AddressProof, ApiToken
from models.access import ProofPurpose
from workflow.access.addresses import change_address
from workflow.access.lost_tokens import issue_lost_token
from workflow.access.proofs import proof_with_code, refuse_ended
from workflow.access.requests import RequesterView, UnprovedRequest, enter_request, view_of_proof
from workflow.policy.document import Policy


@dataclass(frozen=True, slots=True)
class ProvedAddress:
    """What came of a proof: a request for access, or a token, whose text `plain` cannot be shown again."""

    proof: AddressProof
    request: RequesterView | None = None
    token: ApiToken | None = None
    plain: str | None = None


def look_at_proof(session: Session, code: str) -> tuple[AddressProof, UnprovedRequest | RequesterView | None]:
    """Returns the proof and, if it is for access, the request. Changes nothing. Raises NotFound."""
    proof = proof_with_code(session, code)
    return proof, view_of_proof(session, proof) if proof.purpose == ProofPurpose.ACCESS else None


def prove_address(session: Session, code: str, now: datetime, policy: Policy) -> ProvedAddress:
    """Does what the link is for, once. Locks the proof: of two calls with one code the second finds it used.

    Using the link of a request or of an address again gives the same result. Does not commit. Raises NotFound, and
    Conflict (proof.used for a token, proof.expired, person.email_taken, access.too_many, access.already_asked).
    """
    proof = proof_with_code(session, code, lock=True)
    if proof.purpose == ProofPurpose.TOKEN:
        refuse_ended(proof, now)
        token, plain = issue_lost_token(session, proof, now)
        return ProvedAddress(proof, token=token, plain=plain)
    if proof.proved_at is None:
        refuse_ended(proof, now)
        if proof.purpose == ProofPurpose.ADDRESS:
            change_address(session, proof, now)
        else:
            enter_request(session, proof, now, policy)
    if proof.purpose == ProofPurpose.ADDRESS:
        return ProvedAddress(proof)
    view = view_of_proof(session, proof)
    return ProvedAddress(proof, request=view if isinstance(view, RequesterView) else None)
