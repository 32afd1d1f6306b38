"""The typed profile of a platform: its names, domains, headers, links and handed-out guides. Data without I/O.

Numbers of the process (days, customers, required evidence) are policy, and what differs between two installations of
one platform is a setting. Neither is here.
"""

import re
from typing import Annotated, Any, Self
from urllib.parse import urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from models.checklist import Requirement
from workflow.profile.guides import Guide

MAX_ENTRIES = 200
"""How many entries a list of the profile may have."""


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} twice")
    return values


def _https(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme != "https" or not host or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be a URL that begins with https:// and has no user name, query or fragment")
    return value


def _like(pattern: str, max_length: int, words: str) -> AfterValidator:
    """Returns the check of a text, which says in `words` what it must be."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if len(value) > max_length or not compiled.fullmatch(value):
            raise ValueError(f"must be {words}, {max_length} characters at most")
        return value

    return AfterValidator(check)


_IN_LINE = r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069{}]"
Line = Annotated[str, _like(rf"(?=\S){_IN_LINE}*(?<=\S)", 200, "one line of words without braces")]
Domain = Annotated[
    str, _like(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}", 253, "a domain in lower case")
]
Url = Annotated[str, _like(r"[\x21-\x7a\x7c\x7e]+", 500, "a URL"), AfterValidator(_https)]
Email = Annotated[str, _like(r"[^@\s{}\x00-\x1f\x7f]{1,64}@[^@\s{}\x00-\x1f\x7f]{1,255}", 320, "a mail address")]
Slug = Annotated[str, _like(r"[a-z0-9]+(-[a-z0-9]+)*", 64, "lower-case letters, digits and single hyphens")]
HeaderName = Annotated[str, _like(r"[A-Za-z][A-Za-z0-9-]*", 64, "a header's name: letters, digits and hyphens")]
HeaderValue = Annotated[str, _like(r"(?! )[\x20-\x7e]+(?<! )", 200, "one line of ASCII")]
ParameterName = Annotated[str, _like(r"[A-Za-z][A-Za-z0-9_.-]*", 64, "a parameter's name: letters, digits and _ . -")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Platform(_Part):
    """What the platform is called and where it lives."""

    name: Line = Field(
        description="The platform's name, as pages, announcements and mails must write it.", examples=["Northwind"]
    )
    developer_center: Line = Field(
        description="The name of this service, in mails and in the description of the API.",
        examples=["Northwind Partner Desk"],
    )
    partner_program: Line = Field(
        description="The name of the program that a partner of a public App may join.", examples=["Northwind Allies"]
    )
    website: Url = Field(
        description="Where the links of partners lead; its host must be one of `domains`, or below one.",
        examples=["https://northwind.example/"],
    )
    domains: Annotated[tuple[Domain, ...], Field(min_length=1, max_length=MAX_ENTRIES), AfterValidator(_distinct)] = (
        Field(
            description="The platform's domains, lower case: a link to one of them, or to a host below one, leads to "
            "the platform.",
            examples=[["northwind.example"]],
        )
    )
    reserved_slugs: Annotated[tuple[Slug, ...], Field(max_length=MAX_ENTRIES), AfterValidator(_distinct)] = Field(
        default=(),
        description="Slugs that no App can have because they name the platform; those of the service itself are "
        "reserved besides.",
        examples=[["northwind", "northwind-labs"]],
    )
    categories: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_ENTRIES), AfterValidator(_distinct)] = (
        Field(description="What an App can be filed under in the catalog.", examples=[["Analytics", "Surveys"]])
    )

    @model_validator(mode="after")
    def _website_is_the_platforms(self) -> Self:
        if not self.owns_host(urlsplit(self.website).hostname or ""):
            raise ValueError("website leads to a host that is not one of domains, nor below one; mend one of the two")
        return self

    def owns_host(self, host: str) -> bool:
        """Returns whether `host`, lower case, is one of the platform's domains or lies below one."""
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


class Contact(_Part):
    """Where people find help."""

    support_email: Email = Field(
        description="Where partners write to; it stands in the signature of mails and in the description of the API.",
        examples=["partners@northwind.example"],
    )
    documentation_url: Url = Field(
        description="The platform's documentation for partners.", examples=["https://docs.northwind.example/partners/"]
    )


class Protocol(_Part):
    """The names by which machines know the platform."""

    settings_header: HeaderName = Field(
        description="The header in which a customer's settings reach a partner's endpoint.",
        examples=["X-Northwind-Settings"],
    )
    user_agent: HeaderValue = Field(
        description="The `User-Agent` with which the service fetches partners' pages.",
        examples=["devcenter (+https://docs.northwind.example/partners/)"],
    )
    tracking_url: Url = Field(
        description="Where streams send events to; it stands in their documentation's template.",
        examples=["https://in.northwind.example"],
    )


class Brand(_Part):
    """How others write and show the platform's name."""

    enable_flow: Line = Field(
        description="The words on the button that begins the OAuth enable flow.", examples=["Connect to Northwind"]
    )
    wrong_names: Annotated[tuple[Line, ...], Field(max_length=MAX_ENTRIES), AfterValidator(_distinct)] = Field(
        default=(),
        description="Ways of writing the name that the brand kit warns of.",
        examples=[["NorthWind", "northwind.example"]],
    )


class TrackedParameter(_Part):
    """A parameter that the link from a partner's page to the platform must have."""

    name: ParameterName = Field(description="The parameter's name.", examples=["utm_source"])
    value: Line = Field(
        description="What its value is, in words; the UTM guide says it.", examples=["your App's name, lower case"]
    )
    example: Line = Field(description="An example of its value.", examples=["acme-insights"])


class GuideFile(_Part):
    """A guide of the platform's own, besides the built-in ones or in place of one of the same name."""

    name: Slug = Field(description="The guide's name in /v1/guides/NAME.", examples=["brand-kit"])
    title: Line = Field(description="Its title in the list of guides.", examples=["How to write Northwind"])
    serves: Requirement = Field(
        description="The requirement of the launch checklist that it helps with.", examples=["partners_page"]
    )
    file: Line = Field(
        description="Its text in Markdown: a file's path, relative to the profile's folder.", examples=["brand-kit.md"]
    )


class _Sections(_Part):
    """The sections of a profile but for its guides, in the order of the page about it."""

    platform: Platform
    contact: Contact
    protocol: Protocol
    brand: Brand
    utm: Annotated[tuple[TrackedParameter, ...], Field(min_length=1, max_length=20)]


class ProfileDocument(_Sections):
    """The document as it is written: every section of a profile, with the names of guide files and not their texts."""

    guides: Annotated[tuple[GuideFile, ...], Field(max_length=MAX_ENTRIES)] = ()

    @field_validator("utm", "guides")
    @classmethod
    def _names_differ(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        _distinct(tuple(entry.name for entry in entries))
        return entries


class Profile(_Sections):
    """A whole profile: what the process is handed at its start and passes on. `guides` have their words filled in."""

    guides: tuple[Guide, ...]

    @property
    def tracked_link(self) -> str:
        """Returns an example of a whole link to the platform, with every parameter that it must have."""
        return tracked_link(self)


def tracked_link(profile: Profile | ProfileDocument) -> str:
    """Returns an example of a whole link to the platform, with every parameter that it must have."""
    return f"{profile.platform.website}?{urlencode({one.name: one.example for one in profile.utm})}"


def words_of(profile: Profile | ProfileDocument) -> dict[str, str]:
    """Returns the words that the profile puts in the place of `{{name}}` in guides and of `{name}` in mails."""
    return {
        "platform": profile.platform.name,
        "developer_center": profile.platform.developer_center,
        "partner_program": profile.platform.partner_program,
        "website": profile.platform.website,
        "domain": profile.platform.domains[0],
        "support_email": profile.contact.support_email,
        "documentation_url": profile.contact.documentation_url,
        "settings_header": profile.protocol.settings_header,
        "tracking_url": profile.protocol.tracking_url,
        "enable_flow": profile.brand.enable_flow,
        "wrong_names": "".join(f' Not "{name}".' for name in profile.brand.wrong_names),
        "utm_table": _table(profile.utm),
        "utm_link": tracked_link(profile),
    }


def _table(parameters: tuple[TrackedParameter, ...]) -> str:
    rows = [f"| `{one.name}` | {one.value} | `{one.example}` |" for one in parameters]
    return "\n".join(["| parameter | value | example |", "|---|---|---|", *rows])
