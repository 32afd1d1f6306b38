"""Proofs that hosts are a company's: beginning one, checking the host, and removing it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.findings import FindingAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key
from models import HostProof
from models.due import DueStatus
from models.host_proof import ProofPlace
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.access.host_proofs import (
    ask_for_check,
    begin_host_proof,
    list_host_proofs,
    page_of,
    record_of,
    remove_host_proof,
    state_of_host,
)
from workflow.identity.actors import Actor

router = Router(prefix="/v1/organizations/{organization_id}/host-proofs", responses=COMMON, tags=["partner"])

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewHostProof(Body):
    """The name of the host alone, without `https://` and without a port."""

    host: Annotated[
        str,
        StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$"),
        Field(examples=["hooks.acme.app"]),
    ]


class HostProofAnswer(BaseModel):
    """A company's proof of a host. To prove it, publish `challenge` in one of the two places, and have it checked.

    In `state` `proved` requests can be tried out on the host until `expires_at`; each check that finds the challenge
    puts the end off. `findings` say what the latest check missed, in both places. `under_way`: it is being checked.
    """

    id: UUID
    host: str = Field(examples=["hooks.acme.app"])
    state: Literal["open", "proved", "expired"] = Field(examples=["open"])
    challenge: str = Field(examples=["devcenter-challenge=0a1b2c"])
    page_url: str = Field(examples=["https://hooks.acme.app/.well-known/devcenter-challenge"])
    record_name: str = Field(examples=["_devcenter-challenge.hooks.acme.app"])
    under_way: bool
    findings: list[FindingAnswer]
    checked_at: datetime | None
    proved_at: datetime | None
    found_in: ProofPlace | None = Field(examples=["page"])
    expires_at: datetime


@router.post("", status_code=201, response_model=HostProofAnswer, responses={201: {"model": HostProofAnswer}})
async def begin(
    context: InContext, actor: Builder, organization_id: UUID, body: NewHostProof, key: Key = None
) -> JSONResponse:
    """Begins the proof of a host that is not under the company's own domain, and returns its challenge.

    Of a host whose proof has begun and not ended, it is returned as it is.
    """

    def work(session: Session) -> Answer:
        now = now_of(session)
        return 201, _stored(begin_host_proof(session, organization_id, body.host, actor, now), now)

    asked = {"host_proof": body.host, "organization": organization_id}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("")
async def list_proofs(context: InContext, actor: Viewer, organization_id: UUID, wanted: Paged) -> Page[HostProofAnswer]:
    """Lists the company's proofs of hosts, oldest first."""

    def work(session: Session) -> Page[HostProofAnswer]:
        now = now_of(session)
        return shown_page(list_host_proofs(session, organization_id, actor, wanted), lambda proof: _shown(proof, now))

    return await context.transact(work)


@router.post(
    "/{proof_id}/checks", status_code=202, response_model=HostProofAnswer, responses={202: {"model": HostProofAnswer}}
)
async def check(
    context: InContext, actor: Builder, organization_id: UUID, proof_id: UUID, key: Key = None
) -> JSONResponse:
    """Has the host looked at now, once a minute at most. It takes some seconds: list the proofs then."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        return 202, _stored(ask_for_check(session, organization_id, proof_id, actor, now), now)

    asked = {"host_check": proof_id}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.delete("/{proof_id}", status_code=204)
async def remove(context: InContext, actor: Builder, organization_id: UUID, proof_id: UUID) -> Response:
    """Removes a proof: from then on nothing is tried out on the host."""
    await context.transact(lambda session: remove_host_proof(session, organization_id, proof_id, actor))
    return Response(status_code=204)


def _shown(proof: HostProof, now: datetime) -> HostProofAnswer:
    return HostProofAnswer.model_validate(
        {
            "id": proof.id,
            "host": proof.host,
            "state": state_of_host(proof, now),
            "challenge": proof.challenge,
            "page_url": page_of(proof.host),
            "record_name": record_of(proof.host),
            "under_way": proof.status == DueStatus.DUE,
            "findings": proof.findings,
            "checked_at": proof.checked_at,
            "proved_at": proof.proved_at,
            "found_in": proof.found_in,
            "expires_at": proof.expires_at,
        }
    )


def _stored(proof: HostProof, now: datetime) -> dict[str, Any]:
    return _shown(proof, now).model_dump(mode="json")
