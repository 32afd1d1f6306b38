"""The size of stored pictures, and what they look like, as it was measured when they were uploaded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Asset


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """The size of a picture in pixels, and what it looks like; None for what was stored without that."""

    width: int
    height: int
    likeness: bytes | None = None
    evenness: int | None = None


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


def differing_bits(one: bytes, other: bytes) -> int:
    """Returns in how many of their bits two likenesses differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
