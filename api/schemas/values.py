"""The types of request fields, with their bounds, that routes share."""

from datetime import datetime
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from fastapi import Header, Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

from web.strict_json import nests_deeper
from workflow.names import MAX_NAME, read_company_name, read_line, read_name, read_person_name
from workflow.sql.storable import WITHOUT_NUL, storable_json

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MAX_ITEMS = 1000
MAX_DEPTH = 20
MAX_OBJECT_BYTES = 64 * 1024
"""The largest size of one free-form object, as JSON."""


def _storable(value: Any) -> Any:
    """Refuses values that `jsonb` cannot store, and values that are too large or too deeply nested."""
    if nests_deeper(value, MAX_DEPTH):
        raise ValueError(f"must not be nested deeper than {MAX_DEPTH} levels")
    try:
        size = len(storable_json(value))
    except ValueError as error:
        raise ValueError(f"cannot be stored: {error}") from None
    if size > MAX_OBJECT_BYTES:
        raise ValueError(f"must not be larger than {MAX_OBJECT_BYTES} bytes")
    return value


def _in_this_millennium(moment: datetime) -> datetime:
    """Refuses times that Postgres can store, but that Python cannot represent in every time zone."""
    if not 2000 <= moment.year <= 2999:
        raise ValueError("must be between the years 2000 and 2999")
    return moment


def _written(value: Any) -> Any:
    """Refuses times that are numbers, because they could be seconds or milliseconds."""
    if not isinstance(value, str | datetime):
        raise ValueError("must be a string in the format of RFC 3339, such as 2026-11-02T09:30:00Z")
    return value


def _mail_address(value: str) -> str:
    """Returns the address in the form that mail servers use. Checks its syntax only; makes no DNS query."""
    try:
        found = validate_email(value, allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return found.ascii_email or found.normalized


_Typed = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=MAX_NAME, strip_whitespace=True)
]
Line = Annotated[_Typed, AfterValidator(read_line)]
Name = Annotated[_Typed, AfterValidator(read_name)]
CompanyName = Annotated[_Typed, AfterValidator(read_company_name)]
PersonName = Annotated[_Typed, AfterValidator(read_person_name)]
Prose = Annotated[str, StringConstraints(pattern=WITHOUT_NUL, min_length=1, max_length=2000)]
Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\x00\s][^\x00]*$", min_length=1, max_length=5000)]
TestKey = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=500)]
Object = Annotated[dict[str, Any], AfterValidator(_storable)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_this_millennium)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
"""`Flag` and `Whole` accept JSON booleans and numbers only, not strings that look like them."""
Email = Annotated[
    str,
    StringConstraints(max_length=254, strip_whitespace=True),
    AfterValidator(_mail_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254, "examples": ["pat@acme.example"]}),
]
Website = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f]+$", max_length=500),
    Field(examples=["https://acme.example"]),
]
Slug = Annotated[str, StringConstraints(pattern=SLUG, min_length=2, max_length=64)]
SlugPath = Annotated[str, Path(pattern=SLUG, max_length=64, examples=["acme"])]
Workspace = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,128}$", examples=["workspace-1"])]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
Prefer = Annotated[str | None, Header(alias="Prefer", max_length=200)]


class Body(BaseModel):
    """A request body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class GivenReason(Body):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]+$", min_length=1, max_length=64)] = "other"
    text: Prose
    where: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=500)] = ""


ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]+$", min_length=1, max_length=64)]


class PickedReason(Body):
    """A saved reason, by its code. Its text and place are filled in; `text` is appended, `where` replaces the place."""

    saved: Annotated[ReasonCode, Field(examples=["partners_page.no_utm"])]
    text: Prose | None = None
    where: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=500)] = ""


def _kind_of_reason(reason: Any) -> str:
    is_saved = isinstance(reason, PickedReason) or (isinstance(reason, dict) and "saved" in reason)
    return "a saved reason" if is_saved else "a reason"


AnyReason = Annotated[
    Annotated[GivenReason, Tag("a reason")] | Annotated[PickedReason, Tag("a saved reason")],
    Discriminator(_kind_of_reason),
]
Reasons = Annotated[list[AnyReason], Field(max_length=50)]
