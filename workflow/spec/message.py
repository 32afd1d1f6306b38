"""The fields that every call has, whatever its type, and those that its type requires of it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from models.sandbox import MAX_MESSAGE_ID
from workflow.spec.data import read_data
from workflow.spec.found import Findings, kind_of, shown
from workflow.spec.shapes import Field, Shape, aliases_of, check_object, field_of, folded, is_time, nested_field

CALLS: Final = ("identify", "track", "page", "screen", "group", "alias")
"""The types of calls that a stream may send."""
CHANNELS: Final = frozenset({"server", "browser", "mobile"})

_TIMES: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
_FIRST_VERSION: Final = "1.0.0"


def check_message(event: Mapping[str, Any], app_slug: str, findings: Findings) -> str | None:
    """Adds what is wrong with the fields of a call, apart from an event's name and properties. Returns its type.

    Returns None for a type that a stream cannot send.
    """
    kind = _type_of(event, findings)
    _check_user(event, findings)
    _check_context(event.get("context"), app_slug, findings)
    if kind is not None:
        _CHECKS[kind](event, findings)
    _check_message_id(event.get("messageId"), findings)
    _check_times(event, findings)
    _check_details(event, findings)
    return kind


def _type_of(event: Mapping[str, Any], findings: Findings) -> str | None:
    kind = event.get("type")
    if isinstance(kind, str) and kind in CALLS:
        return kind
    remedy = f"Send a type that a stream may send: {', '.join(CALLS)}."
    if kind is None:
        findings.error("type.missing", "/type", "The call has no type.", remedy)
    elif kind == "delete":
        detail = "A delete goes from the platform to its partners. A stream cannot send it."
        findings.error("type.not_for_streams", "/type", detail, remedy)
    else:
        said = shown(kind) if isinstance(kind, str) else kind_of(kind)
        findings.error("type.unknown", "/type", f"The call's type is {said}, which is no type of the Spec.", remedy)
    return None


def _check_user(event: Mapping[str, Any], findings: Findings) -> None:
    user = event.get("userId")
    if user is None or user == "":
        detail = "The call has no userId. Calls of a stream always have one."
        findings.error(
            "user_id.missing", "/userId", detail, "Send the user's identifier as userId, outside of context."
        )
    elif not isinstance(user, str):
        _not_text("user_id", "userId", user, findings)
    anonymous = event.get("anonymousId")
    if anonymous is not None and not isinstance(anonymous, str):
        _not_text("anonymous_id", "anonymousId", anonymous, findings)


def _check_context(context: object, app_slug: str, findings: Findings) -> None:
    if context is not None and not isinstance(context, dict):
        detail = f"context is {kind_of(context)}. It must be an object."
        findings.error("context.not_object", "/context", detail, _integration_remedy(app_slug))
        return
    integration = context.get("integration") if context else None
    if not isinstance(integration, dict):
        said = "is missing" if integration is None else f"is {kind_of(integration)}"
        detail = f"context.integration {said}. It says which App sent the call."
        findings.error("integration.missing", "/context/integration", detail, _integration_remedy(app_slug))
    else:
        _check_integration(integration, app_slug, findings)
    if context:
        check_object(_context_shape(), context, "/context", findings)


def _check_integration(integration: Mapping[str, Any], app_slug: str, findings: Findings) -> None:
    name, version = integration.get("name"), integration.get("version")
    if name != app_slug:
        said = shown(name) if isinstance(name, str) else "missing" if name is None else kind_of(name)
        detail = f"context.integration.name is {said}. It must be the App's slug, {shown(app_slug)}."
        findings.error("integration.name", "/context/integration/name", detail, _integration_remedy(app_slug))
    if not isinstance(version, str) or not version:
        said = "missing" if version is None else "empty" if version == "" else kind_of(version)
        detail = f"context.integration.version is {said}. It must be a text."
        findings.error("integration.version", "/context/integration/version", detail, _integration_remedy(app_slug))


def _integration_remedy(app_slug: str) -> str:
    return f'Send "integration": {{"name": "{app_slug}", "version": "{_FIRST_VERSION}"}} in context.'


def _check_message_id(message_id: object, findings: Findings) -> None:
    if message_id is None:
        return
    if not isinstance(message_id, str):
        _not_text("message_id", "messageId", message_id, findings)
    elif len(message_id) > MAX_MESSAGE_ID:
        detail = f"messageId has more than {MAX_MESSAGE_ID} characters."
        findings.error("message_id.too_long", "/messageId", detail, "Send a shorter one, such as a UUID.")


def _check_times(event: Mapping[str, Any], findings: Findings) -> None:
    for name in _TIMES:
        time = event.get(name)
        if time is not None and not (isinstance(time, str) and is_time(time)):
            said = shown(time) if isinstance(time, str) else kind_of(time)
            detail = f"{name} is {said}. It should be a time in ISO 8601."
            findings.warning("time.unreadable", f"/{name}", detail, "Send it such as 2026-11-02T09:30:00.000Z.")


def _check_details(event: Mapping[str, Any], findings: Findings) -> None:
    integrations = event.get("integrations")
    if isinstance(integrations, dict):
        for name, value in integrations.items():
            if not isinstance(value, (bool, dict)) and value is not None:
                detail = f"integrations has {kind_of(value)} for {shown(name)}. It should be true, false or an object."
                findings.warning(
                    "integrations.value", "/integrations", detail, "Send true, false or an object for each."
                )
                break
    elif integrations is not None:
        detail = f"integrations is {kind_of(integrations)}. It should be an object."
        findings.warning("integrations.not_object", "/integrations", detail, 'Leave it out, or send {"All": true}.')
    channel = event.get("channel")
    if channel is not None and not (isinstance(channel, str) and channel in CHANNELS):
        said = shown(channel) if isinstance(channel, str) else kind_of(channel)
        remedy = f"Leave it out, or send one of: {', '.join(sorted(CHANNELS))}."
        findings.warning("channel.unknown", "/channel", f"channel is {said}.", remedy)


def _check_identify(event: Mapping[str, Any], findings: Findings) -> None:
    _check_traits(event, "user_traits", findings)


def _check_track(event: Mapping[str, Any], findings: Findings) -> None:
    name = event.get("event")
    if name is None or name == "":
        findings.error("event.missing", "/event", "The call has no event.", "Send the event's name as event.")
    elif not isinstance(name, str):
        _not_text("event", "event", name, findings)


def _check_page(event: Mapping[str, Any], findings: Findings) -> None:
    for field in ("name", "category"):
        value = event.get(field)
        if value is not None and not isinstance(value, str):
            _not_text(field, field, value, findings)
    properties = event.get("properties")
    if isinstance(properties, dict):
        check_object(_shape_of(str(event["type"])), properties, "/properties", findings)
    elif properties is not None:
        _not_object("properties", properties, findings)


def _check_group(event: Mapping[str, Any], findings: Findings) -> None:
    _require_id(event, "groupId", "group_id", "the group that the user belongs to", findings)
    _check_traits(event, "group_traits", findings)


def _check_alias(event: Mapping[str, Any], findings: Findings) -> None:
    _require_id(event, "previousId", "previous_id", "the identifier that the user had before", findings)


def _require_id(event: Mapping[str, Any], name: str, code: str, meaning: str, findings: Findings) -> None:
    value = event.get(name)
    if value is None or value == "":
        detail = f"The {event['type']} call has no {name}."
        findings.error(f"{code}.missing", f"/{name}", detail, f"Send {name}: {meaning}.")
    elif not isinstance(value, str):
        _not_text(code, name, value, findings)


def _check_traits(event: Mapping[str, Any], shape: str, findings: Findings) -> None:
    traits = event.get("traits")
    if isinstance(traits, dict):
        check_object(_shape_of(shape), traits, "/traits", findings)
    elif traits is not None:
        _not_object("traits", traits, findings)


def _not_text(code: str, name: str, value: object, findings: Findings) -> None:
    detail = f"{name} is {kind_of(value)}. It must be a text."
    findings.error(f"{code}.not_text", f"/{name}", detail, f"Send {name} in quotes.")


def _not_object(name: str, value: object, findings: Findings) -> None:
    detail = f"{name} is {kind_of(value)}. It must be an object."
    findings.error(f"{name}.not_object", f"/{name}", detail, f"Send {name} as an object, or leave it out.")


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any], Findings], None]]] = {
    "identify": _check_identify,
    "track": _check_track,
    "page": _check_page,
    "screen": _check_page,
    "group": _check_group,
    "alias": _check_alias,
}


def _context_shape() -> Shape:
    return _shape_of("context")


@cache
def _shape_of(part: str) -> Shape:
    """Returns the shape of a part of `message.json`."""
    data = read_data("message.json")
    aliases: Mapping[str, str] = data["aliases"] if part.endswith("_traits") else {}
    return _shape(data[part], aliases)


def _shape(types: Mapping[str, Any], aliases: Mapping[str, str]) -> Shape:
    fields: dict[str, Field] = {}
    for name, kind in types.items():
        fields[name] = field_of(kind) if isinstance(kind, str) else nested_field(_shape(kind, aliases))
    further = {folded(other): name for other, name in aliases.items() if name in fields}
    return Shape(fields, further | aliases_of(list(fields)))
