"""Whose turn it is with each App of a company: what a list of them says, read for a whole page at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, Review, TransitionRequest, UnreadMessages
from models.conversation import Side
from models.lifecycle import AppTrigger, ReviewKind
from workflow.building.status import turn_of
from workflow.identity.actors import Actor
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.pages import PageOf, PageRequest, read_page
from workflow.policy.document import Policies


@dataclass(frozen=True, slots=True)
class AppTurn:
    """An App and whose turn it is: partner, reviewer, schedule or nobody.

    `review` is the kind of the open review of what the company submitted, which is due at `due_at`; both are None
    without one. `unread` are the reviewers' messages that nobody of the company has read.
    """

    app: str
    name: str
    state: str
    turn: str
    review: str | None
    due_at: datetime | None
    unread: int


def list_turns(
    session: Session, actor: Actor, policies: Policies, rulebook: AppRulebook, wanted: PageRequest
) -> PageOf[AppTurn]:
    """Returns a page of the Apps of the actor's company, by slug. Five queries, however many Apps there are."""
    own = select(App).where(App.organization_id == actor.organization_id)

    def with_turns(apps: Sequence[App]) -> list[AppTurn]:
        ids = [app.id for app in apps]
        facts = load_facts(session, ids, policies) if ids else {}
        under_way, reviews, unread = _under_way(session, ids), _open_reviews(session, ids), _unread(session, ids)
        return [
            AppTurn(
                app=app.slug,
                name=app.name,
                state=app.state,
                turn=turn_of(
                    facts[app.id].facts,
                    app.id in under_way or rulebook.judge(AppTrigger.PROMOTE, facts[app.id].facts).allowed,
                ),
                review=reviews[app.id].kind if app.id in reviews else None,
                due_at=reviews[app.id].due_at if app.id in reviews else None,
                unread=unread.get(app.id, 0),
            )
            for app in apps
        ]

    return read_page(session, own, App.slug, wanted).map(with_turns)


def _under_way(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    now_due = (TransitionRequest.status == "due", TransitionRequest.due_at <= func.now())
    return set(session.scalars(select(TransitionRequest.app_id).where(TransitionRequest.app_id.in_(ids), *now_due)))


def _open_reviews(session: Session, ids: Sequence[UUID]) -> dict[UUID, Review]:
    is_open = (Review.closed_at.is_(None), Review.kind != ReviewKind.HEALTH.value)
    return {one.app_id: one for one in session.scalars(select(Review).where(Review.app_id.in_(ids), *is_open))}


def _unread(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    theirs = (UnreadMessages.app_id.in_(ids), UnreadMessages.side == Side.PARTNER.value)
    return {one.app_id: one.count for one in session.scalars(select(UnreadMessages).where(*theirs))}
