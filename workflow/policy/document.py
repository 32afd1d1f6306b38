"""The policy: the numbers and requirement sets by which rules judge, as a typed, versioned document."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import PolicyVersion
from models.checklist import GIVEN_REQUIREMENTS
from workflow.errors import Invalid
from workflow.policy.calendar import BusinessCalendar

CLAIMS_AT_ONCE = 10
IDLE_CLAIM_BUSINESS_DAYS = 1
"""What holds where a policy that was published before these numbers does not name them."""
ACCESS_BUSINESS_DAYS = 1
"""In how many business days a request for access is decided, where a policy says nothing else."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the policy.

    `observed` holds codes of rules and review steps that report what they find and do not block. `claims_at_once` is
    how many open reviews a reviewer may take; a claim lapses after `idle_claim_business_days` without an act.
    """

    version: int
    review_business_days: int
    due_soon_hours: int
    calendar: BusinessCalendar
    customers_to_promote: int
    required_checklist: tuple[str, ...]
    review_steps: tuple[str, ...]
    observed: frozenset[str]
    claims_at_once: int = CLAIMS_AT_ONCE
    idle_claim_business_days: int = IDLE_CLAIM_BUSINESS_DAYS
    access_business_days: int = ACCESS_BUSINESS_DAYS


BOUNDS: dict[str, tuple[int, int]] = {
    "review_business_days": (1, 100),
    "access_business_days": (1, 100),
    "idle_claim_business_days": (1, 100),
    "due_soon_hours": (0, 1000),
    "claims_at_once": (1, 1000),
    "customers_to_promote": (0, 1_000_000),
}
"""The least and the most that each number may be."""


def parse_policy(version: int, document: dict[str, Any]) -> Policy:
    """Returns the typed policy. Raises Invalid when a part is missing or out of bounds."""
    try:
        policy = Policy(
            version=version,
            review_business_days=int(document["review_business_days"]),
            access_business_days=int(document.get("access_business_days", ACCESS_BUSINESS_DAYS)),
            due_soon_hours=int(document["due_soon_hours"]),
            calendar=BusinessCalendar(document["time_zone"], document["country"], document["subdivision"]),
            customers_to_promote=int(document["customers_to_promote"]),
            required_checklist=tuple(document["required_checklist"]),
            review_steps=tuple(document["review_steps"]),
            observed=frozenset(document["observed"]),
            claims_at_once=int(document.get("claims_at_once", CLAIMS_AT_ONCE)),
            idle_claim_business_days=int(document.get("idle_claim_business_days", IDLE_CLAIM_BUSINESS_DAYS)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            "policy.invalid", f"Policy version {version} cannot be read: {error!r}.", "Mend the document."
        ) from (error)
    _demand_within_bounds(policy)
    return policy


def _demand_within_bounds(policy: Policy) -> None:
    wrong = [
        f"{name} is {getattr(policy, name)}; it must be {least} to {most}."
        for name, (least, most) in BOUNDS.items()
        if not least <= getattr(policy, name) <= most
    ]
    unknown = sorted(set(policy.required_checklist) - set(GIVEN_REQUIREMENTS))
    wrong += [f"required_checklist: {code} is no requirement that takes evidence." for code in unknown]
    for name in ("required_checklist", "review_steps"):
        codes = getattr(policy, name)
        wrong += [f"{name} names {code} twice." for code in sorted({code for code in codes if codes.count(code) > 1})]
    if wrong:
        detail = f"Policy version {policy.version} is out of bounds: {' '.join(wrong)}"
        raise Invalid("policy.invalid", detail, "Mend each and publish it again.")


@dataclass(frozen=True, slots=True)
class Policies:
    """Every version of the policy, by number."""

    by_version: dict[int, Policy]

    @property
    def current(self) -> Policy:
        """The newest version: what promotion and new submissions are judged by."""
        return self.by_version[max(self.by_version)]


def load_policies(session: Session) -> Policies:
    """Returns all versions, in one query. Raises Invalid when a stored document cannot be read."""
    rows = session.execute(select(PolicyVersion.version, PolicyVersion.document)).all()
    return Policies({version: parse_policy(version, document) for version, document in rows})


class KnownPolicies:
    """The versions that this process has read so far. A version never changes, so each is read once."""

    def __init__(self) -> None:
        self._policies = Policies({})

    def read(self, session: Session) -> tuple[datetime, Policies]:
        """Returns the database's time and all versions as of now, in one query that reads only what is new.

        Do not call it in a transaction that publishes a version: if that rolls back, this would still know it.
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
