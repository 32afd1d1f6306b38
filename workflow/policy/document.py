"""The policy: its versions as typed values, and reading them from the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.history.digests import policy_digest
from workflow.policy.calendar import BusinessCalendar, business_calendar
from workflow.policy.parts import PARTS, PolicyDocument, read_document
from workflow.policy.values import KnownCodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(PolicyDocument):
    """One version of the policy: the parts of its document, and the calendar that four of them specify.

    `digest` is Postgres's hash of the stored version (`workflow.history.digests`); a document that is not stored has
    none.
    """

    version: int
    digest: bytes = field(default=b"", repr=False, compare=False)
    calendar: BusinessCalendar = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        calendar = business_calendar(self.time_zone, self.country, self.subdivision, self.closed_days)
        object.__setattr__(self, "calendar", calendar)


def parse_policy(
    version: int, document: object, codes: dict[str, KnownCodes] | None = None, *, digest: bytes = b""
) -> Policy:
    """Returns the typed policy. `codes` is as in `read_document`. Raises PolicyInvalid, which names every problem."""
    read = read_document(version, document, codes)
    return Policy(version=version, digest=digest, **dict(zip(PARTS, _ALL_PARTS(read), strict=True)))


@dataclass(frozen=True, slots=True)
class Policies:
    """Every version of the policy, by number."""

    by_version: dict[int, Policy]

    @property
    def current(self) -> Policy:
        """The newest version, by which promotion and new submissions are judged."""
        return self.by_version[max(self.by_version)]


def load_policies(session: Session) -> Policies:
    """Returns all versions, in one query. Raises PolicyInvalid if a stored document cannot be read."""
    return Policies(_parsed(session.execute(_ALL)))


class KnownPolicies:
    """A cache of the versions that this process has read. A version never changes, so each is read once.

    `schema` is the revision that the database was at when they were read last.
    """

    def __init__(self) -> None:
        self._policies = Policies({})
        self.schema: str | None = None

    def read(self, session: Session) -> tuple[datetime, Policies]:
        """Returns the database's time and all versions as of now, in one query that reads only new versions.

        Do not call it in a transaction that publishes a version: the cache would keep that version after a rollback.
        """
        known = self._policies.by_version
        rows = session.execute(_NOW_AND_NEW, {"known": max(known, default=0)}).all()
        self.schema = rows[0].schema
        new = _parsed(row[2:] for row in rows if row.version is not None)
        if new:
            self._policies = Policies(known | new)
        return rows[0][0], self._policies


def _parsed(rows: Iterable[Sequence[Any]]) -> dict[int, Policy]:
    return {version: _read_once(version, document, bytes(digest)) for version, document, digest in rows}


def _read_once(version: int, document: object, digest: bytes) -> Policy:
    """Returns the policy of a stored version. One that this process has read is recognised by its digest.

    So a version that was rolled back, and published with another content, is read anew.
    """
    known = _READ.get((version, digest))
    if known is None:
        known = parse_policy(version, document, digest=digest)
        while len(_READ) >= MAX_READ:
            _READ.pop(next(iter(_READ)))
        _READ[version, digest] = known
    return known


_READ: dict[tuple[int, bytes], Policy] = {}
MAX_READ = 1_000
"""How many versions a process keeps, those included that it read from other databases, as tests do."""


_ALL = text(f"SELECT p.version, p.document, {policy_digest('p')} AS digest FROM policy_version p")
_NOW_AND_NEW = text(f"""
    SELECT clock_timestamp(), (SELECT min(version_num) FROM alembic_version) AS schema,
           p.version, p.document, {policy_digest("p")} AS digest
      FROM (VALUES (1)) one LEFT JOIN policy_version p ON p.version > :known
""")

_ALL_PARTS = attrgetter(*PARTS)
