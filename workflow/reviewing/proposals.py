"""The proposal of a first person that waits for a second one, where the policy wants two."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Person, Transition
from models.lifecycle import PROPOSALS, AppTrigger


@dataclass(frozen=True, slots=True)
class StandingProposal:
    """A proposal that no later transition has ended: what was proposed, by whom, and when. It may have lapsed."""

    trigger: AppTrigger
    proposed_by: UUID
    proposer: str | None
    at: datetime

    def lapses_at(self, proposal_days: int) -> datetime:
        """Returns until when the proposal stands by a policy's number of days."""
        return self.at + timedelta(days=proposal_days)


def standing_proposal(session: Session, app_id: UUID) -> StandingProposal | None:
    """Returns the App's proposal, None if there is none. Any later transition but a promotion ends one. One query."""
    latest = (
        select(Transition.trigger, Transition.actor_id, Person.name, Transition.at)
        .outerjoin(Person, Person.id == Transition.actor_id)
        .where(Transition.app_id == app_id)
        .order_by(Transition.version.desc())
        .limit(2)
    )
    rows = session.execute(latest).all()
    if rows and rows[0].trigger == AppTrigger.PROMOTE:
        rows = rows[1:]
    if not rows or rows[0].trigger not in PROPOSALS.values():
        return None
    return StandingProposal(AppTrigger(rows[0].trigger), rows[0].actor_id, rows[0].name, rows[0].at)
