"""The settings of each kind of Component as typed models, and their validation. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from models.component import ComponentKind
from workflow.access.domains import LOOPBACK_HOSTS
from workflow.building.setting_problems import (
    LINE,
    NAME_OF_SETTING,
    PACKAGE,
    VERSION,
    VISIBLE,
    Place,
    SeveralProblems,
    misfits_of,
    words_of,
)
from workflow.errors import Invalid
from workflow.mapping.problems import MAX_SHOWN, MappingInvalid, Problem
from workflow.mapping.requests import read_request_mapping
from workflow.mapping.subscriptions import DEFAULT
from workflow.names import MAX_NAME, read_line
from workflow.spec.names import twins
from workflow.spec.naming import problem_with_name

EventType = Literal["identify", "track", "page", "screen", "group", "alias", "delete"]
"""The event types of the Spec."""

MAX_NAMED = 10
"""Events with a wrong name that one refusal lists."""


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not contain anything twice")
    return values


def _address(value: str, info: ValidationInfo) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("must be a URL with a host, without a user name, a password or a fragment")
    loopback = bool(info.context and info.context.get("loopback")) and host in LOOPBACK_HOSTS
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("must begin with https://")
    return value


def _as_the_spec_names_them(names: list[str], info: ValidationInfo) -> list[str]:
    """Refuses names that mean an event of the Spec and are others, and several names for one event of it."""
    if info.context and info.context.get("approved_elsewhere"):
        return names
    found = [(at, one) for at, name in enumerate(names) if (one := problem_with_name(name)) and one.is_error]
    if found:
        problems: list[tuple[Place, str]] = [((at,), f"{one.detail} {one.remedy}") for at, one in found]
        more = len(problems) - MAX_NAMED
        further = [f"There are {more} more of the kind."] if more > 0 else []
        said = " ".join([*(words for _, words in problems[:MAX_NAMED]), *further]).removesuffix(".")
        raise SeveralProblems(problems, said)
    for (first, second), event in twins(names).items():
        raise ValueError(f'"{first}" and "{second}" are both the Spec\'s "{event}"; name it once, as the Spec does')
    return names


Words = Annotated[
    str,
    StringConstraints(pattern=LINE, min_length=1, max_length=MAX_NAME, strip_whitespace=True),
    AfterValidator(read_line),
]
Address = Annotated[str, StringConstraints(pattern=VISIBLE, max_length=2000), AfterValidator(_address)]
Version = Annotated[str, StringConstraints(pattern=VERSION)]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=7), AfterValidator(_distinct)]
EventNames = Annotated[
    list[Words],
    Field(min_length=1, max_length=200),
    AfterValidator(_distinct),
    AfterValidator(_as_the_spec_names_them),
]
Choices = Annotated[list[Words], Field(min_length=1, max_length=50), AfterValidator(_distinct)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DeclaredSetting(_Settings):
    """A setting that the partner's customers fill in. It is sent to the endpoint in the profile's `settings_header`."""

    name: Annotated[str, StringConstraints(pattern=NAME_OF_SETTING)]
    label: Words
    type: Literal["text", "number", "boolean", "choice"] = "text"
    required: bool = False
    choices: Annotated[Choices | None, Field(validate_default=True)] = None

    @field_validator("choices", mode="after")
    @classmethod
    def _choices_for_a_choice(cls, choices: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if "type" in info.data and (info.data["type"] == "choice") != (choices is not None):
            raise ValueError("are required for the type choice, and allowed for no other")
        return choices


def _names_differ(settings: list[DeclaredSetting]) -> list[DeclaredSetting]:
    _distinct([setting.name for setting in settings])
    return settings


def _with_delete(types: list[EventType]) -> list[EventType]:
    if "delete" not in types:
        raise ValueError("must include delete: a receiver of events must be able to delete a user")
    return types


class SubscriptionSettings(_Settings):
    """Where the platform sends events, which events it sends, and the name of the key that it sends with them."""

    url: Address
    api_key_name: Words = "API key"
    event_types: Annotated[EventTypes, AfterValidator(_with_delete)]
    settings: Annotated[list[DeclaredSetting], Field(max_length=30), AfterValidator(_names_differ)] = Field(
        default_factory=list
    )


def _readable_mappings(mappings: dict[str, Any]) -> dict[str, Any]:
    found: list[tuple[str, Problem]] = []
    for name, document in mappings.items():
        try:
            read_request_mapping(document)
        except MappingInvalid as error:
            found += [(name, one) for one in error.problems[:MAX_SHOWN]]
    if found:
        said = " ".join(f"/{name}{one.pointer}: {one.detail} {one.remedy}" for name, one in found)
        parts = [((name, *_steps(one.pointer)), f"{one.detail} {one.remedy}") for name, one in found]
        raise SeveralProblems(parts, said.removesuffix("."))
    return mappings


def _steps(pointer: str) -> Place:
    """Returns the steps of a JSON pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


class FunctionSettings(SubscriptionSettings):
    """A subscription whose requests are made of the events by mappings: of each type by its own, or by the default one.

    An event without a mapping is sent as it is. All requests go to the host of `url`.
    """

    mapping: (
        Annotated[dict[EventType | Literal["default"], Any], Field(min_length=1), AfterValidator(_readable_mappings)]
        | None
    ) = None

    @field_validator("mapping", mode="after")
    @classmethod
    def _maps_what_it_declares(cls, mapping: dict[str, Any] | None, info: ValidationInfo) -> dict[str, Any] | None:
        undeclared = sorted(set(mapping or ()) - {DEFAULT, *info.data.get("event_types", mapping or ())})
        if undeclared:
            raise ValueError(f"is there for {', '.join(undeclared)}, which event_types lacks")
        return mapping


class StreamSettings(_Settings):
    """The events that the partner sends. The Spec's names have its meaning; all others are the partner's own.

    A name that means an event of the Spec and is another is refused.
    """

    events: EventNames


class WebSettings(_Settings):
    """The bundle that runs in the web SDK, by its URL."""

    bundle_url: Address
    minimum_sdk_version: Version


class IosSettings(_Settings):
    """The package that runs in the iOS SDK, by the URL of its repository."""

    package_url: Address
    minimum_sdk_version: Version
    minimum_os_version: Version | None = None


class AndroidSettings(_Settings):
    """The package that runs in the Android SDK, by its group and name, such as `com.acme:insights`."""

    package_name: Annotated[str, StringConstraints(pattern=PACKAGE)]
    minimum_sdk_version: Version
    minimum_os_version: Version | None = None


SETTINGS_OF: Mapping[tuple[str, str], type[_Settings]] = {
    (ComponentKind.SUBSCRIPTION, "webhook"): SubscriptionSettings,
    (ComponentKind.SUBSCRIPTION, "function"): FunctionSettings,
    (ComponentKind.STREAM, ""): StreamSettings,
    (ComponentKind.PLUGIN, "web"): WebSettings,
    (ComponentKind.PLUGIN, "ios"): IosSettings,
    (ComponentKind.PLUGIN, "android"): AndroidSettings,
}
"""The settings of each kind and subkind."""


def validate_settings(
    kind: str, subkind: str, given: Mapping[str, Any], *, loopback: bool, approved_elsewhere: bool = False
) -> dict[str, Any]:
    """Returns valid settings as they are stored, with defaults filled in. `loopback` allows http:// to this machine.

    What another system approved (`approved_elsewhere`) may have names of events that would be refused otherwise.
    Raises Invalid (`settings.invalid`), which names every problem and its place, such as `settings.url`, in words and
    as `misfits`.
    """
    shape = SETTINGS_OF[kind, subkind]
    try:
        context = {"loopback": loopback, "approved_elsewhere": approved_elsewhere}
        settings = shape.model_validate(given, context=context)
    except ValidationError as error:
        found = error.errors()
        said = [f"{'.'.join(map(str, ('settings', *one['loc'])))[:200]}: {words_of(one)}." for one in found]
        fields = ", ".join(shape.model_fields)
        remedy = f"The settings of a {f'{subkind} {kind}'.strip()} are: {fields}."
        raise Invalid("settings.invalid", " ".join(said)[:2000], remedy, misfits_of(found)) from None
    return settings.model_dump(mode="json", exclude_none=True)
