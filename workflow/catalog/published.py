"""What is published of an App, as customers and services get it: a version of its content, never the draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from workflow.catalog.listing import SHOWN_SUBMISSION
from workflow.sql.arrays import Integers, Uuids, app_ids, statement
from workflow.tested import published_colour


@dataclass(frozen=True, slots=True)
class ComponentContent:
    """A Component at one of its revisions, and the colour of the latest test of that (None: not tested)."""

    id: UUID
    kind: str
    subkind: str
    name: str
    settings: Mapping[str, Any]
    revision: int
    colour: str | None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """What is published of an App since `at`. `version` is the App's, of the transition that submitted it.

    `snapshot` is all that was submitted, and `round` the number of that submission.
    """

    version: int
    at: datetime
    snapshot: Mapping[str, Any]
    round: int

    @property
    def name(self) -> str:
        """The name of the App."""
        return str(self.snapshot["app"]["name"])


def published_versions(session: Session, ids: Sequence[UUID]) -> dict[UUID, PublishedVersion]:
    """Returns what is published of each App of which anything ever was, in one query. Locks nothing.

    That an App is suspended, unlisted or removed changes nothing about it: its state says so.
    """
    rows = session.execute(_PUBLISHED, {"ids": list(ids)})
    return {row.id: PublishedVersion(row.version, row.at, row.snapshot, row.round) for row in rows}


def published_components(
    session: Session, versions: Mapping[UUID, PublishedVersion]
) -> dict[UUID, tuple[ComponentContent, ...]]:
    """Returns the Components of each published version, by the keys of `versions`. One query at most."""
    given = [component for version in versions.values() for component in version.snapshot["components"]]
    colours = _colours(session, given)
    return {
        key: tuple(_component(one, colours) for one in version.snapshot["components"])
        for key, version in versions.items()
    }


def published_snapshots(session: Session, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Returns what was submitted of what is published of each App, in one query. Locks nothing."""
    return {row.id: row.snapshot for row in session.execute(_SNAPSHOTS, {"ids": list(ids)})}


def _component(one: Mapping[str, Any], colours: Mapping[tuple[UUID, int], str | None]) -> ComponentContent:
    key = UUID(one["id"]), int(one["revision"])
    return ComponentContent(key[0], one["kind"], one["subkind"], one["name"], one["settings"], key[1], colours.get(key))


def _colours(session: Session, given: Sequence[Mapping[str, Any]]) -> dict[tuple[UUID, int], str | None]:
    if not given:
        return {}
    values = {"ids": [UUID(one["id"]) for one in given], "revisions": [int(one["revision"]) for one in given]}
    return {(row.id, row.revision): row.colour for row in session.execute(_COLOURS, values)}


_SNAPSHOTS = app_ids(f"SELECT a.id, s.snapshot FROM app a {SHOWN_SUBMISSION} WHERE a.id = ANY(:ids)")

_PUBLISHED = app_ids(f"""
    SELECT a.id, s.app_version AS version, s.snapshot, s.round, coalesce(ended.ended_at, t.at) AS at
      FROM app a
      {SHOWN_SUBMISSION}
     CROSS JOIN LATERAL (SELECT t.at, t.version FROM transition t
                          WHERE t.app_id = a.id AND t.version >= s.app_version AND t.published = s.app_version
                          ORDER BY t.version LIMIT 1) t
      LEFT JOIN planned_publication ended ON ended.app_id = a.id AND ended.version = t.version
     WHERE a.id = ANY(:ids)
""")
"""What is published is so since the first row of the log that says so, or since its planned day."""

_COLOURS = statement(
    f"""
    SELECT wanted.id, wanted.revision, {published_colour("wanted.id", "wanted.revision")} AS colour
      FROM unnest(:ids, :revisions) AS wanted (id, revision)
    """,
    ids=Uuids(),
    revisions=Integers(),
)
