"""The proposal of a first person that waits for a second one, where the policy wants two."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models import App, Person, Transition
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
    """Returns the proposal that the App holds, None if it holds none. One query."""
    row = session.execute(_HELD, {"app_id": app_id}).one_or_none()
    if row is None or row.trigger not in PROPOSALS.values():
        return None
    return StandingProposal(AppTrigger(row.trigger), row.actor_id, row.name, row.at)


_HELD = (
    select(Transition.trigger, Transition.actor_id, Person.name, Transition.at)
    .join(App, (App.id == Transition.app_id) & (App.proposal == Transition.version))
    .outerjoin(Person, Person.id == Transition.actor_id)
    .where(App.id == bindparam("app_id"))
)
