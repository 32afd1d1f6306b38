"""What a partner edits while building: Components, recorded test results, and evidence for the checklist."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import App, ChecklistItem, Component, ComponentTest
from models.checklist import GIVEN_REQUIREMENTS, Requirement
from models.component import SUBKINDS, ComponentKind, TestColour
from models.lifecycle import AppState
from workflow.actors import Actor
from workflow.errors import Conflict, Invalid, NotFound
from workflow.locking import find_app, lock_app, lock_editable_app

CATEGORIES = (
    "A/B Testing",
    "Advertising",
    "Analytics",
    "Attribution",
    "CRM",
    "Customer Success",
    "Deep Linking",
    "Email Marketing",
    "Enrichment",
    "Feature Flagging",
    "Heatmaps & Recordings",
    "Live chat",
    "Marketing Automation",
    "Performance Monitoring",
    "Personalization",
    "Raw Data",
    "Referrals",
    "Security & Fraud",
    "SMS & Push Notifications",
    "Surveys",
    "Tag Managers",
    "Video",
    "Email",
)
"""What an App can be filed under in the catalog."""

Seal = Callable[[str], str]
"""Encrypts a secret for storing."""


def add_component(
    session: Session, slug: str, actor: Actor, *, kind: str, subkind: str, name: str, settings: dict[str, Any]
) -> Component:
    """Adds a Component. Does not commit. Raises NotFound, Conflict (frozen) and Invalid (an unknown subkind)."""
    app = lock_editable_app(session, slug, actor)
    known = SUBKINDS[ComponentKind(kind)]
    if subkind not in known:
        wanted = ", ".join(one or "none" for one in known)
        raise Invalid("component.subkind", f"A {kind} cannot be of subkind {subkind or 'none'}.", f"Choose: {wanted}.")
    component = Component(app_id=app.id, kind=kind, subkind=subkind, name=name, settings=settings)
    session.add(component)
    session.flush()
    return component


def change_component(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    name: str | None,
    settings: dict[str, Any] | None,
) -> Component:
    """Changes a Component: a new revision, which must be tested again. Does not commit. Raises NotFound, Conflict."""
    lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    component.name = name or component.name
    component.settings = component.settings if settings is None else settings
    component.revision += 1
    component.changed_at = now
    session.flush()
    return component


def remove_component(session: Session, slug: str, component_id: UUID, actor: Actor, now: datetime) -> None:
    """Takes a Component off the App; its tests are kept. Does not commit. Raises NotFound and Conflict (frozen)."""
    lock_editable_app(session, slug, actor)
    find_component(session, slug, component_id, actor).removed_at = now
    session.flush()


def components_of(session: Session, app_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Component, str | None]]]:
    """Gives the Components of many Apps, oldest first, each with the colour of its present revision's latest test.

    One query, so that Components and colours are of one moment.
    """
    colour = (
        select(ComponentTest.colour)
        .where(
            ComponentTest.component_id == Component.id,
            ComponentTest.component_revision == Component.revision,
            ComponentTest.status == "done",
        )
        .order_by(ComponentTest.id.desc())
        .limit(1)
        .correlate(Component)
        .scalar_subquery()
    )
    statement = (
        select(Component, colour)
        .where(Component.app_id.in_(app_ids), Component.removed_at.is_(None))
        .order_by(Component.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[tuple[Component, str | None]]] = {app_id: [] for app_id in app_ids}
    for component, shade in session.execute(statement):
        found[component.app_id].append((component, shade))
    return found


def find_component(session: Session, slug: str, component_id: UUID, actor: Actor) -> Component:
    """Gives a Component of the App. Raises NotFound."""
    app = find_app(session, slug, actor)
    component = session.get(Component, component_id, populate_existing=True)
    if component is None or component.app_id != app.id or component.removed_at is not None:
        raise NotFound("component.not_found", f"{slug} has no Component {component_id}.", "List its Components.")
    return component


def record_test(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    revision: int | None,
    results: Sequence[Mapping[str, Any]],
) -> ComponentTest:
    """Records a run of a Component's tests; its colour is the worst of its results. Does not commit.

    Each result has an `event` and the `status` that the endpoint answered (None: it did not). A run speaks for the
    revision it was made with, the present one unless told. Raises NotFound, Conflict, Invalid.
    """
    lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    if not results:
        raise Invalid("test.empty", "A test run needs at least one result.", "Send a result for each event.")
    if revision is not None and revision > component.revision:
        raise Invalid(
            "test.revision",
            f"There is no revision {revision} yet; the Component is at {component.revision}.",
            "Test the revision that there is.",
        )
    coloured = [{**result, "colour": colour_of(str(result["event"]), result.get("status"))} for result in results]
    worst = max((TestColour(result["colour"]) for result in coloured), key=list(TestColour).index)
    test = ComponentTest(
        component_id=component.id,
        component_revision=revision or component.revision,
        colour=worst.value,
        results=coloured,
        requested_by=actor.id,
        requested_at=now,
        finished_at=now,
        status="done",
        due_at=now,
    )
    session.add(test)
    session.flush()
    return test


def colour_of(event: str, status: int | None) -> str:
    """Gives the colour of one answer: 200 and 202 green, 501 yellow except for `delete`, all else red."""
    if status in (200, 202):
        return TestColour.GREEN.value
    return TestColour.YELLOW.value if status == 501 and event != "delete" else TestColour.RED.value


def give_evidence(
    session: Session, slug: str, code: str, evidence: dict[str, Any], actor: Actor, now: datetime, seal: Seal
) -> dict[str, Any]:
    """Stores the evidence for a requirement, in place of what was there; gives it as it may be shown. Does not commit.

    The password of a test account is sealed; a test account may be given while the App is frozen, because a reviewer
    who cannot log in cannot review. Raises NotFound, Conflict (frozen), Invalid with everything wrong with it.
    """
    app = _lock_for_evidence(session, slug, code, actor)
    if code not in GIVEN_REQUIREMENTS:
        known = ", ".join(GIVEN_REQUIREMENTS)
        raise NotFound(
            "requirement.not_found", f"{code} is not a requirement that takes evidence.", f"Those are: {known}."
        )
    requirement = Requirement(code)
    problems = _unknown_fields(requirement, evidence) + _CHECKS[requirement](evidence)
    if problems:
        raise Invalid("evidence.invalid", " ".join(problems), "Mend each and send the evidence again.")
    if code == Requirement.TEST_ACCOUNT:
        evidence = {**evidence, "password": seal(str(evidence["password"]))}
    row = {"app_id": app.id, "code": code, "evidence": evidence, "given_by": actor.id, "given_at": now}
    statement = insert(ChecklistItem).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["app_id", "code"], set_={key: row[key] for key in ("evidence", "given_by", "given_at")}
        )
    )
    return shown(code, evidence)


def shown(code: str, evidence: dict[str, Any]) -> dict[str, Any]:
    """Gives evidence as an answer may hold it: never a password."""
    return {**evidence, "password": "***"} if code == Requirement.TEST_ACCOUNT else evidence


def evidence_of(session: Session, app_id: UUID) -> dict[str, ChecklistItem]:
    """Gives what has been given for the App, by requirement."""
    return {item.code: item for item in session.scalars(select(ChecklistItem).where(ChecklistItem.app_id == app_id))}


def _lock_for_evidence(session: Session, slug: str, code: str, actor: Actor) -> App:
    if code != Requirement.TEST_ACCOUNT:
        return lock_editable_app(session, slug, actor)
    app = lock_app(session, slug, actor)
    if app.state == AppState.REMOVED:
        raise Conflict("app.removed", f"{slug} was removed and cannot be edited.", "Create a new App.")
    return app


def _unknown_fields(requirement: Requirement, evidence: Mapping[str, Any]) -> list[str]:
    """What nobody looks at is not stored: a misspelt `password` would lie there in plain."""
    known = _FIELDS[requirement]
    unknown = sorted(set(evidence) - set(known))
    return [f"{requirement} has no {', '.join(unknown)[:200]}; its fields are: {', '.join(known)}."] if unknown else []


def _text(evidence: Mapping[str, Any], name: str, low: int = 1, high: int = 10_000) -> list[str]:
    value = evidence.get(name)
    if isinstance(value, str) and low <= len(value.strip()) and len(value) <= high:
        return []
    return [f"{name} must be a text of {low} to {high} characters."]


def _url(evidence: Mapping[str, Any], name: str) -> list[str]:
    value = evidence.get(name)
    if isinstance(value, str) and len(value) <= 2000 and re.fullmatch(r"https?://[^\s/?#]+[^\s]*", value):
        return []
    return [f"{name} must be a URL that begins with https:// or http://."]


def _app_info(evidence: Mapping[str, Any]) -> list[str]:
    problems = _url(evidence, "website") + _text(evidence, "description", 40, 500)
    if "name" in evidence:
        problems += _text(evidence, "name", 1, 100)
    categories = evidence.get("categories")
    if not isinstance(categories, list) or not 1 <= len(categories) <= 2 or set(map(str, categories)) - set(CATEGORIES):
        problems.append(f"categories must be one or two of: {', '.join(CATEGORIES)}.")
    email = evidence.get("support_email")
    if not isinstance(email, str) or not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,255}", email):
        problems.append("support_email must be a mail address.")
    return problems


def _catalog_details(evidence: Mapping[str, Any]) -> list[str]:
    screenshots = evidence.get("screenshots")
    problems = _text(evidence, "text")
    if not isinstance(screenshots, list) or not 1 <= len(screenshots) <= 5:
        return [*problems, "screenshots must be a list of 1 to 5 URLs."]
    return problems + [
        problem for shot in screenshots for problem in _url({"each screenshot": shot}, "each screenshot")
    ]


def _announcement(evidence: Mapping[str, Any]) -> list[str]:
    if "url" not in evidence:
        return _text(evidence, "text", 100)
    return _url(evidence, "url") + (_text(evidence, "text", 0) if "text" in evidence else [])


def _account(evidence: Mapping[str, Any]) -> list[str]:
    notes = _text(evidence, "notes", 0, 2000) if "notes" in evidence else []
    return _text(evidence, "username", 1, 200) + _text(evidence, "password", 1, 200) + notes


def _replay_info(evidence: Mapping[str, Any]) -> list[str]:
    problems = _text(evidence, "text", 0) if "text" in evidence else []
    rate = evidence.get("requests_per_second")
    if rate is not None and not (type(rate) in (int, float) and 0 < rate <= 1_000_000):
        problems.append("requests_per_second must be a number over 0, a million at most.")
    if not isinstance(evidence.get("possible"), bool):
        problems.append("possible must be true or false.")
    return problems


_FIELDS: dict[Requirement, tuple[str, ...]] = {
    Requirement.APP_INFO: ("name", "website", "description", "categories", "support_email"),
    Requirement.PLATFORM_DOCUMENTATION: ("text",),
    Requirement.PARTNER_DOCUMENTATION: ("url",),
    Requirement.CATALOG_DETAILS: ("text", "screenshots"),
    Requirement.PARTNERS_PAGE: ("url",),
    Requirement.LAUNCH_ANNOUNCEMENT: ("url", "text"),
    Requirement.TEST_ACCOUNT: ("username", "password", "notes"),
    Requirement.REPLAY_INFO: ("possible", "requests_per_second", "text"),
}
"""All that the evidence for a requirement may hold."""


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
