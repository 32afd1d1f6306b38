"""The lines of a file of Apps to be adopted: what each describes, and what is wrong with it.

Pure: `adopting` compares them with what is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from models.base import new_id
from models.checklist import GIVEN_REQUIREMENTS, Requirement
from models.component import SUBKINDS, ComponentKind
from workflow.access.domains import company_domain
from workflow.building.components import MAX_COMPONENTS
from workflow.building.evidence import problems_with
from workflow.building.settings import validate_settings
from workflow.building.slugs import skeleton_of
from workflow.errors import Invalid
from workflow.names import read_company_name, read_name, read_person_name
from workflow.profile.document import Profile
from workflow.sql.storable import is_storable

MAX_LINE = 256 * 1024
"""The length of a line, in characters."""
PICTURES = {"logo": "logo", "mark": "mark", "screenshots": "screenshot"}
"""The fields of evidence that name pictures, and the kind of picture of each."""


@dataclass(frozen=True, slots=True)
class AdoptedComponent:
    """A Component of an App to be adopted, with valid settings."""

    kind: str
    subkind: str
    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AdoptedApp:
    """An App to be adopted, as the line with this number describes it. `domain` is that of its company.

    Its evidence names pictures by the names of their files.
    """

    line: int
    domain: str
    website: str
    company: str
    owner_name: str
    owner_email: str
    slug: str
    name: str
    components: tuple[AdoptedComponent, ...]
    evidence: Mapping[str, Mapping[str, Any]]

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """The kind and the file of each picture that the evidence names."""
        return [
            (kind, file)
            for given in self.evidence.values()
            for field, kind in PICTURES.items()
            for file in (given.get(field, ()) if field == "screenshots" else [given[field]] if field in given else ())
        ]


@dataclass(frozen=True, slots=True)
class LineRefused:
    """Why a line cannot be adopted, and what to do about it."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Checked:
    """All lines of a file: Apps that can be adopted, the slugs of those that were already, and lines that are refused.

    Nothing is adopted while any line is refused.
    """

    apps: tuple[AdoptedApp, ...]
    adopted: tuple[str, ...]
    refused: tuple[LineRefused, ...]


def read_lines(lines: Iterable[str], profile: Profile) -> Checked:
    """Returns the Apps that the lines describe, and every line that is wrong by itself or contradicts another. Pure."""
    apps: list[AdoptedApp] = []
    refused: list[LineRefused] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            apps.append(_read(number, line, profile))
        except ValueError as error:
            refused.append(LineRefused(number, str(error)))
    contradicting = _contradictions(apps)
    refused += contradicting
    return Checked(tuple(apps), (), tuple(sorted(refused, key=lambda one: one.line)))


def _mail_address(value: str) -> str:
    try:
        return validate_email(value, allow_smtputf8=False, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


_Strict = ConfigDict(extra="forbid", strict=True)


class _Owner(BaseModel):
    model_config = _Strict
    name: Annotated[str, AfterValidator(read_person_name)]
    email: Annotated[str, AfterValidator(_mail_address)]


class _Company(BaseModel):
    model_config = _Strict
    name: Annotated[str, AfterValidator(read_company_name)]
    website: Annotated[str, StringConstraints(max_length=500)]
    owner: _Owner


class _Component(BaseModel):
    model_config = _Strict
    kind: Annotated[ComponentKind, Field(strict=False)]
    subkind: str = ""
    name: Annotated[str, AfterValidator(read_name)]
    settings: dict[str, Any]


class _Line(BaseModel):
    model_config = _Strict
    company: _Company
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=2, max_length=64)]
    name: Annotated[str, AfterValidator(read_name)]
    components: Annotated[list[_Component], Field(min_length=1, max_length=MAX_COMPONENTS)]
    evidence: dict[Annotated[Requirement, Field(strict=False)], dict[str, Any]]


def _read(number: int, line: str, profile: Profile) -> AdoptedApp:
    """Returns the App of a line. Raises ValueError, which names every problem."""
    if len(line) > MAX_LINE:
        raise ValueError(f"The line has more than {MAX_LINE} characters: leave out what no snapshot holds.")
    if not is_storable(line) or "\\u0000" in line:
        raise ValueError("The line is not UTF-8, or has the character NUL: save the file as UTF-8, without it.")
    try:
        read = _Line.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(" ".join(_flaw(one["loc"], one["msg"]) for one in error.errors()[:20])) from None
    problems: list[str] = []
    domain = None
    try:
        domain = company_domain(read.company.website)
    except Invalid as invalid:
        problems.append(f"company.website: {invalid.detail} {invalid.remedy}")
    else:
        if domain is None:
            problems.append("company.website: many parties share this host: give the company's own website.")
    components = [_component(place, one, problems) for place, one in enumerate(read.components)]
    evidence = {code.value: given for code, given in read.evidence.items()}
    problems += _problems_with_evidence(evidence, profile)
    if problems or domain is None:
        raise ValueError(" ".join(problems))
    return AdoptedApp(
        number,
        domain,
        read.company.website,
        read.company.name,
        read.company.owner.name,
        read.company.owner.email,
        read.slug,
        read.name,
        tuple(one for one in components if one is not None),
        evidence,
    )


def _flaw(location: Sequence[int | str], message: str) -> str:
    where = ".".join(map(str, location))[:200]
    said = message.removeprefix("Value error, ")
    return f"{where}: {said}." if where else f"{said}. Write one JSON object on each line."


def _component(place: int, one: _Component, problems: list[str]) -> AdoptedComponent | None:
    if one.subkind not in SUBKINDS[one.kind]:
        known = ", ".join(known or "none" for known in SUBKINDS[one.kind])
        problems.append(f"components.{place}.subkind: a {one.kind} has one of: {known}.")
        return None
    try:
        settings = validate_settings(one.kind, one.subkind, one.settings, loopback=False, approved_elsewhere=True)
    except Invalid as invalid:
        problems.append(f"components.{place}: {invalid.detail} {invalid.remedy}")
        return None
    return AdoptedComponent(one.kind.value, one.subkind, one.name, settings)


def _problems_with_evidence(evidence: Mapping[str, Mapping[str, Any]], profile: Profile) -> list[str]:
    problems = []
    if Requirement.APP_INFO.value not in evidence:
        problems.append("evidence.app_info is missing: give it, because the catalog shows it.")
    for code, given in evidence.items():
        if code not in GIVEN_REQUIREMENTS:
            problems.append(f"evidence.{code}: nobody gives evidence for it; leave it out.")
            continue
        problems += [f"evidence.{code}: {one} must be the name of a file." for one in _no_files(given)]
        formed = _with_ids(Requirement(code), given)
        problems += [
            f"evidence.{code}: {one}" for one in problems_with(Requirement(code), formed, profile.platform.categories)
        ]
    return problems


def _no_files(given: Mapping[str, Any]) -> list[str]:
    shots = given.get("screenshots", [])
    named = [(field, given[field]) for field in ("logo", "mark") if field in given]
    named += [("each screenshot", shot) for shot in shots] if isinstance(shots, list) else [("screenshots", shots)]
    return [field for field, file in named if not isinstance(file, str) or not 1 <= len(file) <= 500 or "\0" in file]


def _with_ids(requirement: Requirement, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns evidence as if its pictures were uploaded, for its form to be checked. Those that it lacks come later."""
    formed = dict(given)
    if requirement is Requirement.APP_INFO:
        formed |= {"logo": str(new_id()), "mark": str(new_id())}
    if requirement is Requirement.CATALOG_DETAILS:
        shots = given.get("screenshots")
        formed["screenshots"] = [str(new_id()) for _ in shots] if isinstance(shots, list) and shots else [str(new_id())]
    return formed


def _contradictions(apps: Sequence[AdoptedApp]) -> list[LineRefused]:
    refused = []
    skeletons: dict[str, AdoptedApp] = {}
    companies: dict[str, AdoptedApp] = {}
    for app in apps:
        first = skeletons.setdefault(skeleton_of(app.slug), app)
        if first is not app:
            problem = f"The slug {app.slug} is, or looks like, {first.slug} of line {first.line}: choose another."
            refused.append(LineRefused(app.line, problem))
        same = companies.setdefault(app.domain, app)
        if (same.company, same.owner_email.lower()) != (app.company, app.owner_email.lower()):
            problem = f"Line {same.line} names another company or owner for {app.domain}: give one of each."
            refused.append(LineRefused(app.line, problem))
    return refused
