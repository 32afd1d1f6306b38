"""Drafts of what a reviewer is about to say of a review. Nobody else reads them."""

from typing import Annotated
from uuid import UUID

from fastapi.responses import Response
from pydantic import Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session
from api.schemas.drafts import DraftAnswer
from api.schemas.values import Body, Moment, ReasonCode
from models.conversation import MAX_DRAFT
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.reviewing.drafts import delete_draft, find_draft, write_draft
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/reviews/{review_id}/draft", responses=COMMON, tags=["reviewer"])

Writer = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class NewDraft(Body):
    """Words that are not sent yet, and the codes of the saved reasons that are ticked.

    `replaces` is `written_at` of the draft that you have read: the call is refused if it was changed since. Without it
    any earlier draft is replaced.
    """

    text: Annotated[
        str,
        StringConstraints(pattern=WITHOUT_NUL, max_length=MAX_DRAFT),
        Field(examples=["The links of the partners page carry no UTM parameters."]),
    ]
    saved: Annotated[list[ReasonCode], Field(max_length=50, examples=[["partners_page.no_utm"]])] = Field(
        default_factory=list
    )
    replaces: Moment | None = None


@router.get("")
async def read_draft(context: InContext, actor: Writer, review_id: UUID) -> DraftAnswer:
    """Returns your own draft for the review. 404 (`draft.none`) if there is none."""

    def work(session: Session) -> DraftAnswer:
        return DraftAnswer.model_validate(find_draft(session, review_id, actor))

    return await context.transact(work)


@router.put("")
async def put_draft(context: InContext, actor: Writer, review_id: UUID, body: NewDraft) -> DraftAnswer:
    """Keeps your draft for the review, of an open or a closed one, until a week after the review has ended."""

    def work(session: Session) -> DraftAnswer:
        draft = write_draft(session, review_id, body.text, body.saved, actor, body.replaces)
        return DraftAnswer.model_validate(draft)

    return await context.transact(work)


@router.delete("", status_code=204)
async def remove_draft(context: InContext, actor: Writer, review_id: UUID) -> Response:
    """Deletes your draft for the review. Without one it changes nothing."""
    await context.transact(lambda session: delete_draft(session, review_id, actor))
    return Response(status_code=204)
