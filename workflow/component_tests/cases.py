"""What a run of a subscription sends: the user's journey, cases beyond the happy way, and the journey's end. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from models.component_test import RunScope
from workflow.component_tests.journey import JOURNEY, LAST, STEPS, Step
from workflow.component_tests.judging import Expected, Question
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import body_of

_BASES: Final = ("track", "identify", "page", "screen", "group")
"""Which declared event type the cases beyond the happy way use: the first of these, which all leave the user alone."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One thing to send, and how its answer is judged.

    `message` is what the body says; `body` replaces it where the body is no message. `wrong_key`: the key is another.
    """

    question: Question
    message: Mapping[str, Any]
    body: bytes | None = None
    wrong_key: bool = False

    @property
    def sent_body(self) -> bytes:
        return body_of(self.message) if self.body is None else self.body


def dispatches_of(
    scope: RunScope, event_types: Sequence[str], wanted: Mapping[str, Any], user: MadeUpUser
) -> tuple[Dispatch, ...]:
    """Returns what a run sends: always the same for the same run.

    `wanted` has the `event` of a run of one event type, or the `message` of a try-out. A look leaves out what is no
    message.
    """
    if scope is RunScope.TRY_OUT:
        message = wanted["message"]
        return (Dispatch(Question("try_out", str(message["type"]), "Your own message"), message),)
    if scope is RunScope.EVENT:
        return tuple(_dispatch(step, user) for step in STEPS if step.type == wanted["event"])
    return (
        *(_dispatch(step, user) for step in JOURNEY if step.type in event_types),
        *(one for one in _beyond(event_types, user) if scope is not RunScope.LOOK or one.body is None),
        *(_dispatch(step, user) for step in LAST if step.type in event_types),
    )


def burst_dispatch(event_types: Sequence[str], user: MadeUpUser, number: int) -> Dispatch | None:
    """Returns the `number`th event of a burst: one that leaves the user alone; None if none such is declared."""
    base = next((one for one in _BASES if one in event_types), None)
    if base is None:
        return None
    step = next(one for one in STEPS if one.type == base)
    anew = replace(step, code=f"burst_{number}")
    return Dispatch(Question("burst", base, step.title), user.message_of(anew, 0))


def cut_off(body: bytes) -> bytes:
    """Returns a body without its end, so that it is no JSON object any more."""
    return body[: len(body) * 2 // 3]


def _dispatch(step: Step, user: MadeUpUser) -> Dispatch:
    return Dispatch(Question(step.code, step.type, step.title), user.message_of(step, STEPS.index(step)))


def _beyond(event_types: Sequence[str], user: MadeUpUser) -> tuple[Dispatch, ...]:
    """Returns the observed cases; none if only alias and delete are declared."""
    base = next((one for one in _BASES if one in event_types), None)
    if base is None:
        return ()
    step = next(one for one in STEPS if one.type == base)
    number = STEPS.index(step)
    message = user.message_of(step, number)

    def case(code: str, expected: Expected, message: Mapping[str, Any], **more: Any) -> Dispatch:
        return Dispatch(Question(code, base, step.title, expected), message, **more)

    def anew(code: str, changed: Step, seconds: int = 60) -> Mapping[str, Any]:
        return user.message_of(replace(changed, code=code), seconds)

    return (
        case("wrong_key", Expected.KEY_REFUSED, anew("wrong_key", step), wrong_key=True),
        case("malformed", Expected.MALFORMED_REFUSED, message, body=cut_off(body_of(anew("malformed", step)))),
        case("duplicate", Expected.SURVIVED, message),
        case("other_order", Expected.SURVIVED, anew("other_order", step, -3600)),
        case("other_casing", Expected.SURVIVED, anew("other_casing", _recased(step))),
        case("nulls", Expected.SURVIVED, anew("nulls", _nulled(step))),
    )


def _details(step: Step) -> str:
    return "traits" if "traits" in step.fields else "properties"


def _recased(step: Step) -> Step:
    """Returns the step with keys as some customers write them."""
    details = {"Email": "robin.doe@app.example", "first_name": "Robin", "LAST NAME": "Doe", "PlanType": "Premium"}
    return replace(step, fields={**step.fields, _details(step): details})


def _nulled(step: Step) -> Step:
    details = dict.fromkeys(step.fields.get(_details(step), {"plan": None}))
    return replace(step, fields={**step.fields, _details(step): {**details, "plan": None}})
