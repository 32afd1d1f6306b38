"""Accepting the messages that other services put on the queue `transitions`. docs/messages.md has their exact form.

A message that cannot be accepted is stored in `rejected_message`, where operators see it. A message is acknowledged
only after its row is committed.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger, Role
from models.request import IT_BROKE, RequestSource
from models.token import Scope
from workers.context import WorkerContext
from workflow.errors import WorkflowError
from workflow.identity.principals import find_principal
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.operating.rejected_messages import Sender, keep_rejected
from workflow.reasons import Reason
from workflow.sql.storable import MAX_ERROR_CHARACTERS, WITHOUT_NUL, is_storable, made_storable
from workflow.sql.transient import is_transient
from workflow.work.bells import MESSAGE_QUEUE, Bell

MAX_ATTEMPTS = 5
"""The number of attempts at a message that makes them fail by itself. What fails otherwise counts as none."""
MAX_KEPT_CHARACTERS = 64_000
MAX_TOKEN_CHARACTERS = 200
MAX_KEY_CHARACTERS = 255

log = logging.getLogger(__name__)

_Text = Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=2000)]


class _GivenReason(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: Annotated[_Text, Field(max_length=64)] = "other"
    text: _Text
    where: _Text = ""


class TransitionMessage(BaseModel):
    """The keyword arguments of a message. `idempotency_key` is required because a queue delivers at least once."""

    model_config = ConfigDict(extra="forbid")
    token: Annotated[str, Field(max_length=MAX_TOKEN_CHARACTERS)]
    app: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    trigger: AppTrigger
    idempotency_key: Annotated[_Text, Field(min_length=1, max_length=MAX_KEY_CHARACTERS)]
    expected_state: AppState | None = None
    not_before: AwareDatetime | None = None
    reasons: Annotated[list[_GivenReason], Field(max_length=50)] = Field(default_factory=list)


def request_transition(context: WorkerContext, arguments: dict[str, Any], *, attempts: int = 1) -> None:
    """Stores and commits the request of a message, or stores the message as rejected.

    `attempts` counts this one and the earlier ones that the message itself made fail.

    Raises a transient database error in every attempt, and any unexpected error before attempt MAX_ATTEMPTS: Dramatiq
    then delivers the message again.
    """
    try:
        message = TransitionMessage.model_validate(arguments)
        with context.unit_of_work() as session:
            principal = find_principal(session, message.token)
            if principal.actor.role is not Role.SERVICE:
                raise WorkflowError("message.role", "The token is not a service's.", "Send a service's token.")
            if not principal.has(Scope.TRANSITIONS_REQUEST):
                detail = f"The token lacks the scope {Scope.TRANSITIONS_REQUEST}."
                raise WorkflowError("scope.missing", detail, "Send a token that has it.")
            answer = accept_requests(
                session, [CallerRequest(principal.actor, _wanted(message))], RequestSource.MESSAGE
            )[0]
            if isinstance(answer, WorkflowError):
                raise answer
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        _reject(context, arguments, problems)
    except WorkflowError as error:
        _reject(context, arguments, f"{error.code}: {error}")
    except Exception as error:
        if is_transient(error) or attempts < MAX_ATTEMPTS:
            raise
        log.exception("a message failed unexpectedly %s times and is rejected", attempts)
        # The text of a database error would contain the statement's parameters, the token among them.
        reason = error.orig if isinstance(error, DBAPIError) else error
        _reject(context, arguments, f"{IT_BROKE} {reason!r}")
    else:
        context.ring(Bell.APPLY)


def record_rejected(
    context: WorkerContext, queue: str, body: bytes, error: str, arguments: Mapping[str, Any] | None = None
) -> None:
    """Stores a rejected message without its token, once however often it is delivered. Commits.

    By its `arguments`, where they could be read, its sender is stored too: whose token it has. Only the newest are kept
    (`workflow.operating.rejected_messages`); counters say how many came and were dropped.
    """
    kept = _without_tokens(body.decode(errors="replace"), MAX_KEPT_CHARACTERS)
    with context.unit_of_work() as session:
        dropped = keep_rejected(
            session,
            queue=queue,
            message=body,
            body=kept,
            error=_without_tokens(error, MAX_ERROR_CHARACTERS),
            sender=_sender_of(session, arguments or {}),
        )
    context.count_rejected(dropped)


def _reject(context: WorkerContext, arguments: dict[str, Any], error: str) -> None:
    record_rejected(context, MESSAGE_QUEUE, json.dumps(arguments, default=str).encode(), error, arguments)


def _sender_of(session: Session, arguments: Mapping[str, Any]) -> Sender | None:
    """Returns whose token a message has that may be wrong in every other part; None if it is nobody's."""
    token, key = arguments.get("token"), arguments.get("idempotency_key")
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
        return None
    try:
        principal = find_principal(session, token)
    except (WorkflowError, UnicodeEncodeError):
        return None
    is_key = isinstance(key, str) and 0 < len(key) <= MAX_KEY_CHARACTERS and is_storable(key)
    return Sender(principal.actor.id, key if is_key else None)


def _wanted(message: TransitionMessage) -> Wanted:
    return Wanted(
        app=message.app,
        trigger=message.trigger,
        idempotency_key=message.idempotency_key,
        expected_state=message.expected_state.value if message.expected_state else None,
        not_before=message.not_before,
        reasons=tuple(Reason(reason.code, reason.text, reason.where) for reason in message.reasons),
    )


def _without_tokens(text: str, max_characters: int) -> str:
    """Returns the text without tokens, as Postgres can store it."""
    return re.sub(r"dc_[a-z]+_[A-Za-z0-9_-]+", "dc_***", made_storable(text))[:max_characters]
