"""Dead rows, for admins: what used up its tries, why, and making it due again."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.auth import InHouse, allow
from api.errors import COMMON
from api.house import audit
from models.lifecycle import Role
from models.token import Scope
from workflow.actors import Actor
from workflow.dead import list_dead, replay
from workflow.errors import Conflict

router = APIRouter(prefix="/v1/dead", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]


@router.get("")
async def list_all(house: InHouse, actor: Operator) -> dict[str, Any]:  # noqa: ARG001
    """Lists dead rows of every kind, and messages that could not be taken in; at most 200 of each, oldest first."""
    return await house.transact(list_dead)


@router.post("/{kind}/{row_id}/replay")
async def replay_one(
    house: InHouse,
    actor: Operator,
    kind: Annotated[Literal["transition_request", "review_step", "notification", "job_tick", "website_check"], Path()],
    row_id: UUID,
) -> dict[str, Any]:
    """Makes a dead row due again, with all its tries: a new acceptance."""

    def work(session: Session) -> dict[str, Any]:
        try:
            with session.begin_nested():
                replay(session, kind, row_id)
        except IntegrityError as error:
            if "transition_request_scheduled_key" not in str(error):
                raise
            detail = "The schedule has asked for the same again, and that request is due."
            raise Conflict("dead.superseded", detail, "Nothing is to be done: it will be judged.") from None
        audit(session, actor, "dead.replay", row_id, kind=kind)
        return {"kind": kind, "id": str(row_id), "status": "due"}

    answer = await house.transact(work)
    house.ring_apply()
    for bell in ("steps", "notifications", "jobs", "checks"):
        house.ring(bell)
    return answer
