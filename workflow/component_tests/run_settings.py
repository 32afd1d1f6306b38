"""The test settings of a subscription: the form that its customers will fill in, and what its partner entered for runs.

The key and the values are stored encrypted. They end on a day that the partner names.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Component, ComponentTestSettings
from models.component import ComponentKind
from workflow.apps import find_component, lock_kept_app
from workflow.component_tests.requests import EnteredValues
from workflow.errors import Conflict, Invalid, Misfit, below
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal, Unseal

MAX_TEXT: Final = 2_000
DEFAULT_LIFE: Final = timedelta(days=90)
"""How long test settings last if their partner names no day."""
MAX_LIFE: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class RunForm:
    """What a run needs of the partner. `fields` are the declared settings; `given` says which have values.

    Without `ends_at` no settings are given.
    """

    key_name: str
    fields: tuple[Mapping[str, Any], ...]
    given: frozenset[str]
    given_at: datetime | None
    ends_at: datetime | None


def give_test_settings(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    key: str,
    values: Mapping[str, Any],
    ends_at: datetime | None,
    seal: Seal,
) -> RunForm:
    """Stores the test key and the values of the declared settings in place of earlier ones. Returns the form.

    Locks the App; works while its draft is frozen, since these are no part of what is reviewed. Does not commit. Raises
    NotFound, Conflict (removed) and Invalid, which names every problem.
    """
    lock_kept_app(session, slug, actor)
    component = _subscription(session, slug, component_id, actor)
    require_values(component.settings, values)
    until = now + DEFAULT_LIFE if ends_at is None else ends_at
    if not now < until <= now + MAX_LIFE:
        detail = f"The test settings would end at {until:%Y-%m-%d %H:%M}."
        raise Invalid("test_settings.ends_at", detail, f"Name a day within {MAX_LIFE.days} days from now.")
    row = session.get(ComponentTestSettings, component.id, populate_existing=True)
    if row is None:
        row = ComponentTestSettings(component_id=component.id)
        session.add(row)
    row.sealed = seal_values(EnteredValues(key, values), seal)
    row.names = sorted(values)
    row.ends_at, row.reminded_at = until, None
    row.given_by, row.given_at = actor.id, now
    session.flush()
    log_action(session, actor, "component.test_settings", component.id, app=slug)
    return _form(component, row)


def read_test_form(session: Session, slug: str, component_id: UUID, actor: Actor) -> RunForm:
    """Returns the form of a subscription's runs; no secret is in it. Raises NotFound and Invalid."""
    component = _subscription(session, slug, component_id, actor)
    return _form(component, session.get(ComponentTestSettings, component.id, populate_existing=True))


def drop_test_settings(session: Session, slug: str, component_id: UUID, actor: Actor) -> None:
    """Deletes the test key and values, if there are any. Locks the App. Does not commit. Raises NotFound."""
    lock_kept_app(session, slug, actor)
    component = _subscription(session, slug, component_id, actor)
    row = session.get(ComponentTestSettings, component.id)
    if row is not None:
        session.delete(row)
        session.flush()
    log_action(session, actor, "component.test_settings_delete", component.id, app=slug)


def reseal_test_settings(
    session: Session, rotate: Unseal, *, after: UUID | None, limit: int = 200
) -> tuple[int, tuple[UUID, ...], UUID | None]:
    """Re-encrypts the next `limit` test settings. Locks their rows. Does not commit.

    Returns how many were, the ids of the Components whose settings no key decrypts, which are left as they are, and the
    last Component, None if no page follows. `rotate` encrypts with the newest key, or raises ValueError.
    """
    wanted = select(ComponentTestSettings).order_by(ComponentTestSettings.component_id).limit(limit)
    if after is not None:
        wanted = wanted.where(ComponentTestSettings.component_id > after)
    rows = session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).all()
    unreadable = []
    for row in rows:
        try:
            row.sealed = rotate(row.sealed)
        except ValueError:
            unreadable.append(row.component_id)
    session.flush()
    return len(rows) - len(unreadable), tuple(unreadable), rows[-1].component_id if len(rows) == limit else None


def require_test_settings(
    session: Session, component_id: UUID, settings: Mapping[str, Any], now: datetime, unseal: Unseal
) -> None:
    """Raises Conflict (test_settings.missing, .ended, .unreadable) or Invalid unless a run has what it needs.

    `settings` are those of the Component at the revision that is tested.
    """
    path = f"PUT .../components/{component_id}/test-settings"
    row = session.get(ComponentTestSettings, component_id, populate_existing=True)
    if row is None:
        raise Conflict(
            "test_settings.missing",
            "The Component has no test key yet, without which its endpoint refuses us.",
            f"Give one first: {path}.",
        )
    if row.ends_at <= now:
        ended = f"The test settings ended on {row.ends_at:%Y-%m-%d}."
        raise Conflict("test_settings.ended", ended, f"Give them again: {path}.")
    try:
        values = open_test_settings(row.sealed, unseal)
    except ValueError:
        detail = "None of this installation's keys decrypts the test settings."
        raise Conflict("test_settings.unreadable", detail, f"Give them again: {path}.") from None
    require_values(settings, values.settings)


def seal_values(values: EnteredValues, seal: Seal) -> str:
    """Returns the key and the values, encrypted, as `open_test_settings` opens them."""
    return seal(json.dumps({"key": values.key, "settings": dict(values.settings)}))


def open_test_settings(sealed: str, unseal: Unseal) -> EnteredValues:
    """Returns the key and the values. Raises ValueError if no key of the installation decrypts them."""
    opened = json.loads(unseal(sealed))
    return EnteredValues(opened["key"], opened["settings"])


def require_values(settings: Mapping[str, Any], values: Mapping[str, Any], at: str = "/settings") -> None:
    """Raises Invalid (test_settings.values), which names every problem, unless `values` fit the declared settings.

    `at` is where the values are in the call's body.
    """
    declared = {one["name"]: one for one in settings.get("settings", ())}
    problems = {name: "the Component declares no such setting" for name in values if name not in declared}
    for name, one in declared.items():
        if name not in values:
            problems |= {name: "is required"} if one.get("required") else {}
        elif (problem := _problem(one, values[name])) is not None:
            problems[name] = problem
    if problems:
        said = " ".join(f"settings.{name[:64]}: {problem}." for name, problem in problems.items())
        labels = {name: f"{one['label']} " for name, one in declared.items()}
        misfits = [Misfit(below(at, name), f"{labels.get(name, '')}{problem}.") for name, problem in problems.items()]
        remedy = "See GET .../test-settings for the settings, their types and choices."
        raise Invalid("test_settings.values", said[:2000], remedy, misfits)


def _problem(declared: Mapping[str, Any], value: Any) -> str | None:
    """Returns what is wrong with a value; None if it fits."""
    if declared["type"] == "choice":
        return None if value in declared["choices"] else f"must be one of: {', '.join(declared['choices'])}"
    fits, words = _TYPES[declared["type"]]
    return None if fits(value) else words


def _subscription(session: Session, slug: str, component_id: UUID, actor: Actor) -> Component:
    component = find_component(session, slug, component_id, actor)
    if component.kind != ComponentKind.SUBSCRIPTION:
        detail = f"A {component.kind} is sent no events, and needs no test key."
        raise Invalid("test_settings.kind", detail, "Name a subscription.")
    return component


def _form(component: Component, row: ComponentTestSettings | None) -> RunForm:
    return RunForm(
        key_name=component.settings.get("api_key_name", "API key"),
        fields=tuple(component.settings.get("settings", ())),
        given=frozenset(row.names if row else ()),
        given_at=row.given_at if row else None,
        ends_at=row.ends_at if row else None,
    )


_TYPES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "text": (
        lambda value: isinstance(value, str) and len(value) <= MAX_TEXT,
        f"must be a text of at most {MAX_TEXT} characters",
    ),
    "number": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "must be a number",
    ),
    "boolean": (lambda value: isinstance(value, bool), "must be true or false"),
}
