"""The form that each requirement's evidence must have, field by field. Pure."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from models.checklist import Requirement
from workflow.building.accounts import FIELDS, problems_with_account
from workflow.building.evidence_urls import problems_with_urls

MAX_MAIL_ADDRESS = 254


def problems_with(
    requirement: Requirement, evidence: Mapping[str, Any], categories: Collection[str], *, loopback: bool = False
) -> list[str]:
    """Returns every problem with the form of `evidence`, each as a sentence; [] if it can be stored.

    `categories` are those of the platform's catalog. `loopback` allows addresses of this machine.
    """
    problems = _unknown_fields(requirement, evidence) + _CHECKS[requirement](evidence)
    if requirement is Requirement.APP_INFO:
        problems += _categories(evidence, categories)
    return problems or problems_with_urls(evidence, loopback=loopback)


def field_in(code: str, problem: str) -> tuple[str, ...]:
    """Returns the field of a requirement's evidence that a problem with it names first; () if it is about none."""
    if problem.startswith(f"{code} "):
        return ()
    named = [(found.start(), name) for name in FIELDS_OF[Requirement(code)] for found in _mentions(name, problem)]
    return (min(named)[1],) if named else ()


def _mentions(name: str, problem: str) -> Iterator[re.Match[str]]:
    """Yields where a problem names the field, or one of its items in the singular."""
    return re.finditer(rf"\b{name}\b" if not name.endswith("s") else rf"\b{name}?\b", problem)


def _unknown_fields(requirement: Requirement, evidence: Mapping[str, Any]) -> list[str]:
    """Refuses unknown fields: a password under a misspelt name would be stored unencrypted."""
    known = FIELDS_OF[requirement]
    unknown = sorted(set(evidence) - set(known))
    named = ", ".join(unknown)[:200]
    return [f"{requirement} has no field {named}; its fields are: {', '.join(known)}."] if unknown else []


def _text(evidence: Mapping[str, Any], name: str, low: int = 1, high: int = 10_000) -> list[str]:
    value = evidence.get(name)
    if isinstance(value, str) and low <= len(value.strip()) and len(value) <= high:
        return []
    return [f"{name} must be a text of {low} to {high} characters."]


def _url(evidence: Mapping[str, Any], name: str) -> list[str]:
    value = evidence.get(name)
    if isinstance(value, str) and len(value) <= 2000 and re.fullmatch(r"(?i:https?)://[^\s/?#]\S*", value):
        return []
    return [f"{name} must be a URL that begins with https:// or http://."]


def _asset(evidence: Mapping[str, Any], name: str) -> list[str]:
    """Accepts an id only as the API writes it: another spelling of the same id would not be found later."""
    value = evidence.get(name)
    try:
        if isinstance(value, str) and str(UUID(value)) == value:
            return []
    except ValueError:
        pass
    return [f"{name} must be the id of a picture that you uploaded with POST to the App's /assets."]


def _app_info(evidence: Mapping[str, Any]) -> list[str]:
    problems = _url(evidence, "website") + _text(evidence, "description", 40, 500)
    problems += _asset(evidence, "logo") + _asset(evidence, "mark")
    if not _is_mail_address(evidence.get("support_email")):
        problems.append("support_email must be a mail address, such as help@acme.example.")
    return problems


def _is_mail_address(value: object) -> bool:
    """Returns whether a mail program would send to `value`; whether somebody reads it is not known."""
    if not isinstance(value, str) or len(value) > MAX_MAIL_ADDRESS:
        return False
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _categories(evidence: Mapping[str, Any], known: Collection[str]) -> list[str]:
    given = evidence.get("categories")
    if not isinstance(given, list) or not 1 <= len(given) <= 2 or set(map(str, given)) - set(known):
        return [f"categories must be a list of one or two, the primary one first, out of: {', '.join(known)}."]
    return ["categories must not name the same one twice."] if len(set(given)) != len(given) else []


def _catalog_details(evidence: Mapping[str, Any]) -> list[str]:
    screenshots = evidence.get("screenshots")
    problems = _text(evidence, "text")
    if not isinstance(screenshots, list) or not 1 <= len(screenshots) <= 5:
        return [*problems, "screenshots must be a list of the ids of 1 to 5 uploaded screenshots."]
    if len(set(map(str, screenshots))) != len(screenshots):
        problems.append("screenshots must not name the same one twice.")
    return problems + [
        problem for shot in screenshots for problem in _asset({"each screenshot": shot}, "each screenshot")
    ]


def _announcement(evidence: Mapping[str, Any]) -> list[str]:
    shared = evidence.get("shared_at", [])
    problems = (
        [problem for link in shared for problem in _url({"each of shared_at": link}, "each of shared_at")][:1]
        if isinstance(shared, list) and len(shared) <= 10
        else ["shared_at must be a list of at most 10 URLs."]
    )
    if "url" not in evidence:
        return problems + _text(evidence, "text", 100)
    return problems + _url(evidence, "url") + (_text(evidence, "text", 0) if "text" in evidence else [])


def _account(evidence: Mapping[str, Any]) -> list[str]:
    return problems_with_account(evidence) + (_url(evidence, "url") if "url" in evidence else [])


def _replay_info(evidence: Mapping[str, Any]) -> list[str]:
    problems = _text(evidence, "text", 0) if "text" in evidence else []
    rate = evidence.get("requests_per_second")
    if rate is not None and not (type(rate) in (int, float) and 0 < rate <= 1_000_000):
        problems.append("requests_per_second must be a number greater than 0 and at most 1000000.")
    if not isinstance(evidence.get("possible"), bool):
        problems.append("possible must be true or false.")
    return problems


FIELDS_OF: dict[Requirement, tuple[str, ...]] = {
    Requirement.APP_INFO: ("website", "description", "categories", "support_email", "logo", "mark"),
    Requirement.PLATFORM_DOCUMENTATION: ("text",),
    Requirement.PARTNER_DOCUMENTATION: ("url",),
    Requirement.CATALOG_DETAILS: ("text", "screenshots"),
    Requirement.PARTNERS_PAGE: ("url",),
    Requirement.LAUNCH_ANNOUNCEMENT: ("url", "text", "shared_at"),
    Requirement.TEST_ACCOUNT: FIELDS,
    Requirement.REPLAY_INFO: ("possible", "requests_per_second", "text"),
}
"""The fields that the evidence for a requirement may have."""


_CHECKS: dict[Requirement, Callable[[Mapping[str, Any]], list[str]]] = {
    Requirement.APP_INFO: _app_info,
    Requirement.PLATFORM_DOCUMENTATION: lambda evidence: _text(evidence, "text", 40, 50_000),
    Requirement.PARTNER_DOCUMENTATION: lambda evidence: _url(evidence, "url"),
    Requirement.CATALOG_DETAILS: _catalog_details,
    Requirement.PARTNERS_PAGE: lambda evidence: _url(evidence, "url"),
    Requirement.LAUNCH_ANNOUNCEMENT: _announcement,
    Requirement.TEST_ACCOUNT: _account,
    Requirement.REPLAY_INFO: _replay_info,
}
