"""The model of the policy document, by which documents are read, validated, compared, and shown as forms."""

from dataclasses import dataclass, fields
from functools import reduce
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass as model
from pydantic_core import ErrorDetails

from models.checklist import GIVEN_REQUIREMENTS
from workflow.errors import Invalid, Misfit, below
from workflow.policy.values import (
    CATEGORY,
    MAX_CATEGORIES,
    MAX_NAME,
    MAX_PROBLEMS,
    CalendarDays,
    ClosedDays,
    Codes,
    Customers,
    Days,
    KnownCodes,
    Name,
    SetOfCodes,
    known_country,
    known_subdivision,
    known_zone,
    unit,
)


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """What is wrong with a part of a document: the steps to its place, and what it must be instead."""

    steps: tuple[str | int, ...]
    why: str

    @property
    def where(self) -> str:
        """The place in words, such as `observed[0]`."""
        part, *inside = self.steps or ("document",)
        return str(part)[:MAX_NAME] + "".join(f"[{place}]" for place in inside)


class PolicyInvalid(Invalid):
    """A document is not a valid policy. `problems` names each wrong part."""

    def __init__(self, version: int, problems: tuple[PolicyProblem, ...]) -> None:
        words = " ".join(f"{problem.where}: {problem.why}" for problem in problems)
        detail = f"The document of policy version {version} is not valid. {words}"[:4000]
        misfits = [Misfit(reduce(below, problem.steps, "/document"), problem.why) for problem in problems]
        super().__init__("policy.invalid", detail, "Fix each part.", misfits)
        self.problems = problems


# A pydantic dataclass, not a BaseModel: rules read it for every request, and reading a slot takes a third of the time.
@model(frozen=True, slots=True, kw_only=True)
class PolicyDocument:
    """The numbers and requirement sets by which rules judge.

    A part that was added later has a default, which applies to older versions of the policy that lack it.
    """

    review_business_days: Annotated[
        Days, Field(title="Time to decide a submission", description="What partners are promised for a review.")
    ]
    due_soon_hours: Annotated[
        int,
        Strict(),
        Field(
            ge=0,
            le=1000,
            title="Reminder before a review is due",
            description="How long before the due time the holder of the review is reminded.",
            json_schema_extra=unit("hours"),
        ),
    ]
    access_business_days: Annotated[
        Days, Field(title="Time to decide a request for access", description="What applicants are promised.")
    ] = 1
    time_zone: Annotated[
        Name,
        AfterValidator(known_zone),
        Field(
            title="Time zone",
            description="The time zone in which business days begin and end: an IANA name, such as Europe/Berlin.",
        ),
    ]
    country: Annotated[
        Name | None,
        AfterValidator(known_country),
        Field(
            title="Country",
            description="The country whose public holidays are not business days: an ISO 3166-1 code, such as US. "
            "Null: every Monday to Friday is a business day.",
        ),
    ]
    subdivision: Annotated[
        Name | None,
        AfterValidator(known_subdivision),
        Field(
            title="Subdivision of the country",
            description="The subdivision whose own holidays count too: an ISO 3166-2 code without the country, such as "
            "CA. Null: only the holidays of the whole country.",
        ),
    ]
    closed_days: Annotated[
        ClosedDays,
        Field(
            title="Own closed days",
            description="Days on which the company is closed besides, and which are no business days: dates, such as "
            "2026-12-24, or days of every year, such as 12-24.",
        ),
    ] = ()
    customers_to_promote: Annotated[
        Customers,
        Field(
            title="Customers before an App is public",
            description="How many customers an App in public beta needs before it is promoted.",
        ),
    ]
    claims_at_once: Annotated[
        int,
        Strict(),
        Field(
            ge=1,
            le=1000,
            title="Reviews that one reviewer may hold",
            description="A reviewer who holds this many open reviews cannot claim another one.",
            json_schema_extra=unit("reviews"),
        ),
    ] = 10
    idle_claim_business_days: Annotated[
        Days,
        Field(
            title="Time until an idle claim lapses",
            description="A claim ends when its holder does nothing for this long.",
        ),
    ] = 1
    revision_business_days: Annotated[
        Days,
        Field(title="Time to decide a revision", description="What partners are promised for a revision of an App."),
    ] = 2
    appeal_business_days: Annotated[
        Days, Field(title="Time to decide an appeal", description="What partners are promised for an appeal.")
    ] = 5
    appeal_days: Annotated[
        CalendarDays,
        Field(title="Time in which to appeal", description="How long after a decision it can be appealed."),
    ] = 30
    urgent_revisions: Annotated[
        int,
        Strict(),
        Field(
            ge=0,
            le=1000,
            title="Urgent revisions in 90 days",
            description="How many revisions of an App may be urgent in any 90 days.",
            json_schema_extra=unit("revisions"),
        ),
    ] = 2
    health_days: Annotated[
        CalendarDays,
        Field(
            title="Time between looks at a public App",
            description="How long after the last approval or look an App is looked at again.",
        ),
    ] = 30
    grace_days: Annotated[
        CalendarDays,
        Field(
            title="Time to mend what a look found",
            description="How long the company has, from being told, before a person is asked to suspend the App.",
        ),
    ] = 14
    relist_days: Annotated[
        int,
        Strict(),
        Field(
            ge=1,
            le=10_000,
            title="Time in which an App can be listed again",
            description="How long after the last look an unlisted App is listed again without a new review.",
            json_schema_extra=unit("days"),
        ),
    ] = 180
    proposal_days: Annotated[
        CalendarDays,
        Field(
            title="Time until a proposal lapses",
            description="How long a first person's proposal stands for a second person to decide.",
        ),
    ] = 7
    two_people_to_remove: Annotated[
        bool,
        Strict(),
        Field(title="Two people remove an App", description="A removal needs a proposal by another admin."),
    ] = False
    two_people_categories: Annotated[
        tuple[Annotated[str, Strict(), Field(pattern=CATEGORY)], ...],
        Field(
            max_length=MAX_CATEGORIES,
            title="Categories that two people approve",
            description="An App in one of these categories is approved by two reviewers.",
            json_schema_extra=unit("categories"),
        ),
    ] = ()
    two_people_customers: Annotated[
        Customers,
        Field(
            title="Customers from which two people decide",
            description="An App with this many customers is approved and removed by two people. 0: none is.",
        ),
    ] = 0
    required_checklist: Annotated[
        Codes,
        Field(title="Required evidence", description="Requirements that an App must meet before it can be submitted."),
    ]
    review_steps: Annotated[
        Codes, Field(title="Review steps", description="The steps of reviews that are opened from now on.")
    ]
    revision_steps: Annotated[
        Codes,
        Field(
            title="People's steps of every revision",
            description="Steps that a person takes in every revision, whatever it changes.",
        ),
    ] = ()
    burst_per_second: Annotated[
        int,
        Strict(),
        Field(
            ge=1,
            le=200,
            title="Events a second of a burst",
            description="How fast the step `volume` sends events to an endpoint.",
            json_schema_extra=unit("events a second"),
        ),
    ] = 50
    burst_seconds: Annotated[
        int,
        Strict(),
        Field(
            ge=1,
            le=15,
            title="Length of a burst",
            description="How long the step `volume` sends events to an endpoint.",
            json_schema_extra=unit("seconds"),
        ),
    ] = 10
    observed: Annotated[
        SetOfCodes,
        Field(
            title="Observed only",
            description="Rules and review steps that report what they find and block nothing.",
        ),
    ]


PARTS = tuple(field.name for field in fields(PolicyDocument))
"""The parts of the document, in the order in which people read them."""


def read_document(version: int, document: object, codes: dict[str, KnownCodes] | None = None) -> PolicyDocument:
    """Returns the typed document. A part that it lacks takes its default.

    Pass `codes`, by part, for a document that is about to be published: it may not name any other codes or have any
    other parts. Without them, as for a stored document, steps and rules that no longer exist are allowed. Raises
    PolicyInvalid, which names every problem.
    """
    context = _ALWAYS_KNOWN | (codes or {})
    try:
        return _MODEL.validate_python(document, context=context, extra="ignore" if codes is None else "forbid")
    except ValidationError as error:
        raise PolicyInvalid(version, tuple(map(_problem, error.errors()[:MAX_PROBLEMS]))) from error


def policy_schema(codes: dict[str, KnownCodes]) -> dict[str, Any]:
    """Returns the document's JSON schema, with the title, description, bounds and `x-unit` of each part.

    The items of a list are the `codes` of its part, each with its title.
    """
    properties = dict(_SCHEMA["properties"])
    for part, known in (_ALWAYS_KNOWN | codes).items():
        named = [{"const": code, "title": title} for code, title in known.titles.items()]
        properties[part] = properties[part] | {"items": {"oneOf": named}}
    return _SCHEMA | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy",
        "properties": properties,
        "additionalProperties": False,
    }


def _problem(error: ErrorDetails) -> PolicyProblem:
    """Returns a validation error as a problem: its place, such as `observed[0]`, and what must be there."""
    part = error["loc"][0] if error["loc"] else "document"
    if part not in _SCHEMA["properties"]:
        known = ", ".join(sorted(PARTS))
        why = f"There is no such part. The parts are: {known}." if error["loc"] else "It must be an object."
    elif error["type"] == "missing":
        why = f"It is missing. Write {_expected(str(part))}."
    elif error["type"] == "policy_code":
        why = error["msg"]
    elif error["type"] == "value_error":
        why = str(error["ctx"]["error"])
    else:
        why = f"It must be {_expected(str(part))}."
    return PolicyProblem(error["loc"], why)


def _expected(part: str) -> str:
    """Returns in words what a part must be, as its schema says."""
    about = _SCHEMA["properties"][part]
    kinds = [kind["type"] for kind in about.get("anyOf", [about])]
    if "boolean" in kinds:
        return "true or false"
    if "integer" in kinds:
        return f"a whole number from {about['minimum']} to {about['maximum']}"
    if "array" in kinds:
        most = f", {about['maxItems']} at most" if "maxItems" in about else ""
        return f"a list of {about.get('x-unit', 'codes')}{most}"
    return f"a text of at most {MAX_NAME} characters" + (" or null" if "null" in kinds else "")


_ALWAYS_KNOWN = {
    "required_checklist": KnownCodes(
        "requirement", {code.value: code.value.replace("_", " ").capitalize() for code in GIVEN_REQUIREMENTS}
    )
}
_MODEL = TypeAdapter(PolicyDocument)
_SCHEMA: dict[str, Any] = _MODEL.json_schema()
