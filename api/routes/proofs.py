"""Mailed links that prove an address: looking at one, which changes nothing, and using it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import InContext
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.access_requests import AskedAnswer, shown_to_requester
from api.schemas.values import Body, Email, Key
from models.access import ProofPurpose
from web.problems import COMMON, PUBLIC
from web.routers import Router
from workflow.access.lost_tokens import ask_for_token
from workflow.access.proofs import holder_of_code, state_of_proof
from workflow.access.proving import ProvedAddress, look_at_proof, prove_address
from workflow.access.requests import UnprovedRequest
from workflow.policy.document import load_policies

router = Router(responses=PUBLIC, tags=["partner"])

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["the-code-of-the-mail"])]


class ProofAnswer(BaseModel):
    """What a mailed link is for. `company_name` and `website` are what was asked for with the address, for `access`."""

    purpose: ProofPurpose
    email: str = Field(examples=["pat@acme.example"])
    state: Literal["open", "used", "expired"]
    company_name: str | None
    website: str | None
    expires_at: datetime


class ProvedAnswer(BaseModel):
    """What came of using the link: the request for `access`, or the token, which is shown once, for `token`.

    Repeating the call with its idempotency key within a few minutes returns the token again.
    """

    purpose: ProofPurpose
    email: str
    request: AskedAnswer | None
    token: str | None
    token_expires_at: datetime | None


class LostToken(Body):
    email: Email


class LostTokenAnswer(BaseModel):
    """The same for every address."""

    note: str = Field(examples=["If the address belongs to somebody with access, a link was mailed to it."])


@router.get("/v1/proofs/{code}", response_model=ProofAnswer)
async def look_at(context: InContext, code: Code) -> JSONResponse:
    """Shows what a mailed link is for. Changes nothing, so that whatever follows links in mails does no harm."""

    def work(session: Session) -> ProofAnswer:
        proof, request = look_at_proof(session, code)
        content = request.content if isinstance(request, UnprovedRequest) else None
        known = request.request if request is not None and not isinstance(request, UnprovedRequest) else None
        return ProofAnswer(
            purpose=ProofPurpose(proof.purpose),
            email=proof.email,
            state=state_of_proof(proof, now_of(session)),
            company_name=content.company_name if content else known.company_name if known else None,
            website=content.website if content else known.website if known else None,
            expires_at=proof.expires_at,
        )

    answer = await context.transact(work)
    return JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


@router.post("/v1/proofs/{code}", responses=COMMON, response_model=ProvedAnswer)
async def use(context: InContext, code: Code, key: Key = None) -> JSONResponse:
    """Proves the address to which the link was mailed, and does what the link is for.

    A request for access is given to a reviewer, or joins that of the company; an address is changed; a token is issued.
    """

    def work(session: Session) -> Answer:
        proved = prove_address(session, code, now_of(session), load_policies(session).current)
        return 200, _proved(session, proved)

    token = ShownOnce("token", context.envelope)
    asked = {"prove": code}
    status, answer = await context.transact(lambda s: once(s, holder_of_code(code), key, asked, lambda: work(s), token))
    opened = ProvedAnswer.model_validate(answer)
    return JSONResponse(opened.model_dump(mode="json"), status, headers={"Cache-Control": "no-store"})


@router.post("/v1/token-recoveries", status_code=202)
async def recover(context: InContext, body: LostToken) -> LostTokenAnswer:
    """Mails a link for a new token to the address of a partner who has lost theirs. The answer is always the same."""
    await context.transact(lambda session: ask_for_token(session, body.email, now_of(session), context.envelope.seal))
    return LostTokenAnswer(note="If the address belongs to somebody with access, a link was mailed to it.")


def _proved(session: Session, proved: ProvedAddress) -> dict[str, Any]:
    proof = proved.proof
    return {
        "purpose": proof.purpose,
        "email": proof.email,
        "request": shown_to_requester(session, proved.request) if proved.request else None,
        "token": proved.plain,
        "token_expires_at": proved.token.expires_at if proved.token else None,
    }
