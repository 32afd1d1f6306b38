"""The kinds of values that parts of the policy document have: days, codes, names, and what is refused of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from workflow.policy.calendar import MAX_CLOSED_DAYS, CalendarInvalid, business_calendar, check_closed_day

MAX_PROBLEMS = 50
MAX_NAME = 64
"""The number of characters of a time zone, a country, a subdivision, and of text that a problem quotes."""


@dataclass(frozen=True, slots=True)
class KnownCodes:
    """The codes that a part of the document may name, each with its title. `what` is the noun for one of them."""

    what: str
    titles: Mapping[str, str]


def known_zone(name: str) -> str:
    """Returns the name of a time zone. Raises CalendarInvalid."""
    business_calendar(name)
    return name


def known_country(code: str | None) -> str | None:
    """Returns the code of a country. Raises CalendarInvalid."""
    business_calendar("UTC", code)
    return code


def known_subdivision(code: str | None, info: ValidationInfo) -> str | None:
    """Returns the code of a part of the country that was read before. Raises CalendarInvalid."""
    if "country" in info.data:  # an invalid country is reported by its own validator
        business_calendar("UTC", info.data["country"], code)
    return code


def _known_codes(value: object, info: ValidationInfo) -> object:
    """Refuses unknown and repeated codes. Without a context every code is known."""
    if not isinstance(value, list | tuple):
        return value
    wrong = [
        InitErrorDetails(type=PydanticCustomError("policy_code", "{why}", {"why": why}), loc=(index,), input=None)
        for index, why in islice(_wrong_codes(value, (info.context or {}).get(info.field_name)), MAX_PROBLEMS)
    ]
    if wrong:
        raise ValidationError.from_exception_data("codes", wrong)
    return value


def _wrong_codes(codes: Iterable[object], known: KnownCodes | None) -> Iterator[tuple[int, str]]:
    seen = set()
    for index, code in enumerate(codes):
        if not isinstance(code, str):
            yield index, "It must be a code, written as a string."
        elif known is not None and code not in known.titles:
            yield index, f"There is no {known.what} {code[:MAX_NAME]!r}. Use one of: {', '.join(sorted(known.titles))}."
        elif code in seen:
            yield index, f"{code[:MAX_NAME]} is listed twice. Name it once."
        else:
            seen.add(code)


def _closed_days(value: object) -> object:
    """Refuses what is no day, and days that are listed twice."""
    if not isinstance(value, list | tuple):
        return value
    wrong = [
        InitErrorDetails(type=PydanticCustomError("policy_code", "{why}", {"why": why}), loc=(index,), input=None)
        for index, why in islice(_wrong_days(value), MAX_PROBLEMS)
    ]
    if wrong:
        raise ValidationError.from_exception_data("days", wrong)
    return value


def _wrong_days(days: Iterable[object]) -> Iterator[tuple[int, str]]:
    seen = set()
    for index, day in enumerate(days):
        if not isinstance(day, str):
            yield index, "It must be a day, written as a string."
        elif day in seen:
            yield index, f"{day[:MAX_NAME]} is listed twice. Name it once."
        else:
            seen.add(day)
            try:
                check_closed_day(day)
            except CalendarInvalid as error:
                yield index, str(error)


_LONG, _SHORT = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])", "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_FEBRUARY, _LEAP_YEAR = "02-(?:0[1-9]|1[0-9]|2[0-8])", "2(?:[048]00|[0-9](?:0[48]|[2468][048]|[13579][26]))"
CLOSED_DAY = rf"^(?:(?:2[0-9]{{3}}-)?(?:{_LONG}|{_SHORT}|{_FEBRUARY})|(?:{_LEAP_YEAR}-)?02-29)$"
"""The pattern of a closed day for forms. It allows exactly the days of the Gregorian calendar, which a test holds."""


def unit(name: str) -> dict[str, Any]:
    """Returns what says in the schema of which unit a number or a list is."""
    return {"x-unit": name}


Days = Annotated[int, Strict(), Field(ge=1, le=100, json_schema_extra=unit("business days"))]
CalendarDays = Annotated[int, Strict(), Field(ge=1, le=1000, json_schema_extra=unit("days"))]
Customers = Annotated[int, Strict(), Field(ge=0, le=1_000_000, json_schema_extra=unit("customers"))]
Name = Annotated[str, Strict(), Field(max_length=MAX_NAME)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_known_codes), Field(json_schema_extra={"uniqueItems": True})]
ClosedDays = Annotated[
    tuple[Annotated[str, WithJsonSchema({"type": "string", "title": "Closed day", "pattern": CLOSED_DAY})], ...],
    BeforeValidator(_closed_days),
    Field(
        max_length=MAX_CLOSED_DAYS, json_schema_extra={"maxItems": MAX_CLOSED_DAYS, "uniqueItems": True, **unit("days")}
    ),
]
MAX_CATEGORIES = 100
CATEGORY = rf"^[^\x00-\x1f]{{1,{MAX_NAME}}}$"
SetOfCodes = Annotated[frozenset[str], BeforeValidator(_known_codes)]
