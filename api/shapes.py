"""The shapes of requests: types with their bounds, shared by the routes."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Header, Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from models.component import ComponentKind
from models.lifecycle import AppState, AppTrigger, StepTrigger

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MAX_ITEMS = 1000
MAX_DEPTH = 20


def _storable(value: Any) -> Any:
    """Refuses what JSON in Postgres cannot hold: NUL, lone surrogates, NaN, and nests that nobody means."""
    try:
        dumped = json.dumps(value, allow_nan=False, ensure_ascii=False)
        dumped.encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot be stored: {error}") from None
    if "\\u0000" in dumped:
        raise ValueError("must not contain the character NUL")
    if _depth(value) > MAX_DEPTH:
        raise ValueError(f"must not nest deeper than {MAX_DEPTH}")
    return value


def _in_this_millennium(moment: datetime) -> datetime:
    """Refuses times that Postgres can hold and Python, in another zone, cannot read again."""
    if not 2000 <= moment.year <= 2999:
        raise ValueError("must be between the years 2000 and 2999")
    return moment


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(one) for one in inner), default=0)


Line = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=100, strip_whitespace=True)
]
Prose = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=2000)]
Object = Annotated[dict[str, Any], AfterValidator(_storable)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_this_millennium)]
Slug = Annotated[str, StringConstraints(pattern=SLUG, min_length=2, max_length=64)]
SlugPath = Annotated[str, Path(pattern=SLUG, max_length=64, examples=["acme"])]
Workspace = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,128}$", examples=["workspace-1"])]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
Prefer = Annotated[str | None, Header(max_length=200)]


class Body(BaseModel):
    """A request's body: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class NewApp(Body):
    slug: Slug
    name: Line


class ChangedApp(Body):
    name: Line


class NewComponent(Body):
    kind: ComponentKind
    subkind: Annotated[str, StringConstraints(max_length=16, pattern="^[a-z]*$")] = ""
    name: Line
    settings: Object = Field(default_factory=dict)


class ChangedComponent(Body):
    """What is to change; at least one of them."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Line | None = None
    settings: Object | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.settings is None:
            raise ValueError("give a name, settings or both: a change makes the Component untested")
        return self


class TestResult(Body):
    """What the endpoint answered to one event; no status when it did not answer."""

    event: Line
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    message: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=2000)] = ""


class NewTest(Body):
    results: Annotated[list[TestResult], Field(min_length=1, max_length=200)]
    revision: Annotated[int, Field(ge=1, le=2_000_000_000)] | None = None


class Evidence(Body):
    evidence: Object


class GivenReason(Body):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]+$", min_length=1, max_length=64)] = "other"
    text: Prose
    where: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=500)] = ""


Reasons = Annotated[list[GivenReason], Field(max_length=50)]


class NewTransitionRequest(Body):
    app: Slug
    trigger: AppTrigger
    expected_state: AppState | None = None
    not_before: Moment | None = None
    reasons: Reasons = Field(default_factory=list)


class BulkItem(NewTransitionRequest):
    """One of many: the key belongs to the item."""

    idempotency_key: (
        Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", min_length=1, max_length=255)] | None
    ) = None


class StepDecision(Body):
    decision: StepTrigger
    reason: Prose | None = None
    findings: Annotated[list[GivenReason], Field(max_length=50)] = Field(default_factory=list)


class ReviewDecision(Body):
    """`approve` or `request_changes`, with reasons."""

    decision: Literal["approve", "request_changes"]
    reasons: Reasons = Field(default_factory=list)
