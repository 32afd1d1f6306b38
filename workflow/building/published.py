"""What everybody sees of an App, or would see again after a suspension, and what its draft says otherwise."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Review
from models.lifecycle import LISTED_STATES, AppState
from workflow.catalog.planning import planned_publication
from workflow.catalog.published import published_versions
from workflow.catalog.snapshots import current_snapshot
from workflow.reviewing.difference import ChangeKind, Difference, FieldChange, difference

MAX_VALUE_CHARACTERS = 80
"""How much of a value a sentence about a change repeats; the change itself has all of it."""


@dataclass(frozen=True, slots=True)
class PublishedEntry:
    """The submission that everybody sees since `published_at`, or sees again if the App is reinstated or relisted.

    `version` is the App's, of the transition that submitted it. `is_shown` is False while nobody sees it. `content` is
    what was submitted. `changes`: how the draft differs from it, and `words` the same in sentences. None of that is
    shown before it was reviewed.
    """

    version: int
    round: int
    approved_at: datetime
    published_at: datetime
    is_shown: bool
    content: Mapping[str, Any]
    changes: Difference
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """What was approved, by its version, and is published on a day that the approval named."""

    version: int
    publish_at: datetime


def published_entry(session: Session, app: App) -> PublishedEntry | None:
    """Returns what is published; None if nothing is and nothing will be by a reinstatement. Locks nothing."""
    version = published_versions(session, [app.id]).get(app.id)
    if version is None or app.state == AppState.REMOVED:
        return None
    review = select(Review.closed_at).where(Review.app_id == app.id, Review.opened_version == version.version)
    draft = current_snapshot(session, app.id)
    changes = difference(version.snapshot, draft)
    return PublishedEntry(
        version.version,
        version.round,
        session.scalar(review) or version.at,
        version.at,
        app.state in LISTED_STATES,
        version.snapshot,
        changes,
        changes_in_words(changes, version.snapshot, draft),
    )


def planned_entry(session: Session, app: App) -> PlannedEntry | None:
    """Returns what is published on a day to come, None if nothing is planned. Locks nothing."""
    plan = planned_publication(session, app)
    return None if plan is None else PlannedEntry(plan.published, plan.publish_at)


def changes_in_words(changes: Difference, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns a sentence for each change between two snapshots. Pure."""
    names = {one["id"]: one["name"] for shot in (before, after) for one in shot.get("components", ())}
    return tuple(_sentence(part, change, names) for part, changed in changes.items() for change in changed)


def _sentence(part: str, change: FieldChange, names: Mapping[str, str]) -> str:
    what = _thing(part, change, names)
    if change.kind is ChangeKind.ADDED:
        return f"{what} was added: {_value(change.after)}."
    if change.kind is ChangeKind.REMOVED:
        return f"{what} was removed; it was {_value(change.before)}."
    return f"{what} was changed from {_value(change.before)} to {_value(change.after)}."


def _thing(part: str, change: FieldChange, names: Mapping[str, str]) -> str:
    first, *rest = change.path
    if part == "components":
        thing = f'The Component "{names.get(first, first)}"'
    elif part == "app":
        return f"The App's {first}"
    else:
        thing = f"The evidence {first}"
    return f"{thing}: {'.'.join(rest)}" if rest else thing


def _value(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= MAX_VALUE_CHARACTERS else f"{shown[:MAX_VALUE_CHARACTERS]}..."
