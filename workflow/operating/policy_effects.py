"""What a policy would mean for Apps that are live: looks, the steps of revisions, and decisions of two people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.steps import MACHINE_STEPS, STEPS, step_title
from workflow.policy.document import Policy

AHEAD = timedelta(days=30)
"""How far ahead looks are counted."""

_LOOKS = text("""
    SELECT count(*) FROM app
     WHERE state IN ('public_beta', 'public') AND open_kind = 'none' AND looked_at <= :looked_at
""")
_TWO_PEOPLE = text("""
    SELECT count(*) FROM app a
     WHERE a.state IN ('public_beta', 'public', 'suspended', 'unlisted')
       AND ((:customers > 0 AND a.onboarded_customers >= :customers)
            OR EXISTS (SELECT FROM review z WHERE z.app_id = a.id AND z.opened_version = a.published
                          AND z.categories && CAST(:categories AS text[])))
""")


@dataclass(frozen=True, slots=True)
class LiveEffects:
    """What one policy means for live Apps.

    `looks` counts those that are looked at again within AHEAD, if nothing of them is reviewed before. `revision_steps`
    are in every revision; a person takes the others where it changes what they are about. `two_people` counts the Apps
    of which two people approve what is submitted.
    """

    looks: int
    revision_steps: tuple[str, ...]
    two_people: int


def live_effects(session: Session, policy: Policy, now: datetime) -> LiveEffects:
    """Returns what the policy means for the Apps that are live now. Two queries. Locks nothing."""
    looked_at = now + AHEAD - timedelta(days=policy.health_days)
    counted = {"customers": policy.two_people_customers, "categories": list(policy.two_people_categories)}
    always = (code for code in policy.review_steps if code in MACHINE_STEPS or code in policy.revision_steps)
    return LiveEffects(
        int(session.scalar(_LOOKS, {"looked_at": looked_at}) or 0),
        tuple(code for code in always if code in STEPS and STEPS[code].in_reviews),
        int(session.scalar(_TWO_PEOPLE, counted) or 0),
    )


def words_of(before: LiveEffects, after: LiveEffects, wanted: Policy) -> tuple[str, ...]:
    """Returns in sentences what the wanted policy would mean, and what is so at present. Pure."""
    steps = ", ".join(step_title(code) for code in after.revision_steps) or "none"
    removal = "Two admins remove" if wanted.two_people_to_remove else "One admin removes"
    return (
        f"{_apps(after.looks)} would be looked at again within {AHEAD.days} days; now it is {before.looks}.",
        f"The steps of every revision would be: {steps}.",
        f"Two people would approve what is submitted of {_apps(after.two_people)}; now it is {before.two_people}.",
        f"{removal} an App without many customers.",
    )


def _apps(count: int) -> str:
    return "1 App" if count == 1 else f"{count} Apps"
