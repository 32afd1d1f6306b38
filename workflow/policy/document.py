"""The policy: its versions as typed values, and reading them from the database."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import PolicyVersion
from workflow.policy.calendar import BusinessCalendar, business_calendar
from workflow.policy.parts import PARTS, KnownCodes, PolicyDocument, read_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(PolicyDocument):
    """One version of the policy: the parts of its document, and the calendar that four of them specify."""

    version: int
    calendar: BusinessCalendar = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        calendar = business_calendar(self.time_zone, self.country, self.subdivision, self.closed_days)
        object.__setattr__(self, "calendar", calendar)


def parse_policy(version: int, document: object, codes: dict[str, KnownCodes] | None = None) -> Policy:
    """Returns the typed policy. `codes` is as in `read_document`. Raises PolicyInvalid, which names every problem."""
    read = read_document(version, document, codes)
    return Policy(version=version, **dict(zip(PARTS, _ALL_PARTS(read), strict=True)))


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
    rows = session.execute(select(PolicyVersion.version, PolicyVersion.document)).all()
    return Policies({version: parse_policy(version, document) for version, document in rows})


class KnownPolicies:
    """A cache of the versions that this process has read. A version never changes, so each is read once."""

    def __init__(self) -> None:
        self._policies = Policies({})

    def read(self, session: Session) -> tuple[datetime, Policies]:
        """Returns the database's time and all versions as of now, in one query that reads only new versions.

        Do not call it in a transaction that publishes a version: the cache would keep that version after a rollback.
        """
        known = self._policies.by_version
        rows = session.execute(_NOW_AND_NEW, {"known": max(known, default=0)}).all()
        new = {version: parse_policy(version, document) for _, version, document in rows if version is not None}
        if new:
            self._policies = Policies(known | new)
        return rows[0][0], self._policies


_NOW_AND_NEW = text("""
    SELECT clock_timestamp(), p.version, p.document
      FROM (VALUES (1)) one LEFT JOIN policy_version p ON p.version > :known
""")

_ALL_PARTS = attrgetter(*PARTS)
