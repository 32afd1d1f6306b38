"""The facts of stored pictures, as they were measured when these were uploaded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Asset
from workflow.assets.facts import PictureFacts


def facts_of_pictures(session: Session, app_id: UUID, named: Sequence[Any]) -> Mapping[str, PictureFacts]:
    """Returns the facts of those of the App's pictures whose ids are named, by id. Locks nothing."""
    ids = ids_among(named)
    if not ids:
        return {}
    found = select(Asset.id, Asset.width, Asset.height, Asset.likeness, Asset.evenness)
    rows = session.execute(found.where(Asset.app_id == app_id, Asset.id.in_(ids)))
    return {str(row.id): PictureFacts(row.width, row.height, row.likeness, row.evenness) for row in rows}


def ids_among(named: Iterable[Any]) -> list[UUID]:
    """Returns those of the names that have the form of an id: earlier releases stored whatever partners gave."""
    return [UUID(one) for one in named if isinstance(one, str) and _is_id(one)]


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
