"""A world in which every call has something to work on: two companies, Apps in several states, and what is theirs."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Component, Person, Review, Service
from models.lifecycle import AppState, AppTrigger, Role
from models.token import Scope
from tests.factories import app_in
from tests.journeys import People, ask, now_of, people_in
from workflow.actors import Actor
from workflow.reviewing.desk import claim_review
from workflow.tokens import issue_token

MARK = "acmeown"
"""In every slug of the first company's Apps, so that a leak to another company shows."""
STATES = (AppState.BUILDING, AppState.SUBMITTED, AppState.PUBLIC_BETA)


@dataclass
class World:
    """`people` own the Apps of `slugs`; `others` are another company with an App of its own."""

    engine: Engine
    people: People
    others: People
    slugs: dict[AppState, str]
    others_slug: str
    parameters: dict[str, str]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _tokens: dict[tuple[UUID, frozenset[Scope]], str] = field(default_factory=dict)

    def name(self, word: str) -> str:
        """Gives a name that is not taken."""
        return f"{word}-{next(self._numbers)}"

    def actor(self, role: Role) -> Actor:
        """Gives the first company's partner, or the platform's person or service of that role."""
        actor: Actor = getattr(self.people, role.value)
        return actor

    def token(self, actor: Actor, scopes: frozenset[Scope]) -> str:
        """Gives a token of the actor for exactly these scopes."""
        if (actor.id, scopes) not in self._tokens:
            with Session(self.engine) as session, session.begin():
                holder: Person | Service = (
                    session.get_one(Service, actor.id)
                    if actor.role is Role.SERVICE
                    else session.get_one(Person, actor.id)
                )
                expires = now_of(session) + timedelta(days=1)
                _, plain = issue_token(session, holder, label="test", expires_at=expires, scopes=sorted(scopes))
            self._tokens[actor.id, scopes] = plain
        return self._tokens[actor.id, scopes]

    def noted(self, actor: Actor) -> int:
        """Gives how many calls of the actor the audit log has."""
        with self.engine.connect() as connection:
            statement = text("SELECT count(*) FROM audit_entry WHERE actor_id = :id")
            return int(connection.scalar(statement, {"id": actor.id}) or 0)

    def new_component(self) -> UUID:
        """Gives a Component of the App in `building`."""
        with Session(self.engine) as session, session.begin():
            app_id = session.scalars(select(App.id).where(App.slug == self.slugs[AppState.BUILDING])).one()
            component = Component(app_id=app_id, kind="stream", name="Events", settings={})
            session.add(component)
            session.flush()
            return component.id

    def new_review(self, *, holder: Actor | None = None) -> UUID:
        """Gives an open review of a new App, claimed by `holder` if there is one."""
        app_id = app_in(self.engine, self.people, self.name(f"{MARK}-submitted"), AppState.SUBMITTED)
        with Session(self.engine) as session, session.begin():
            review_id = session.scalars(select(Review.id).where(Review.app_id == app_id)).one()
            if holder is not None:
                claim_review(session, review_id, holder, now_of(session))
            return review_id

    def new_dead_request(self) -> UUID:
        """Gives a transition request that used up its tries."""
        request_id = ask(self.engine, self.people.service, self.slugs[AppState.PUBLIC_BETA], AppTrigger.PROMOTE)
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE transition_request SET status = 'dead', finished_at = now(), last_error = 'why' "
                    "WHERE id = :id"
                ),
                {"id": request_id},
            )
        return request_id


UNKNOWN = {"slug": "nowhere", **{f"{name}_id": str(uuid4()) for name in ("component", "review", "request", "row")}}
"""Path parameters that name nothing."""


def world_in(engine: Engine, people: People) -> World:
    """Makes the world around a company that is there. Commits."""
    slugs = {state: f"{MARK}-{state.value.replace('_', '-')}" for state in STATES}
    for state, slug in slugs.items():
        app_in(engine, people, slug, state)
    others = people_in(engine, "Other")
    app_in(engine, others, "elsewhere", AppState.BUILDING)
    world = World(engine, people, others, slugs, "elsewhere", {})
    with Session(engine) as session:
        submitted = select(App.id).where(App.slug == slugs[AppState.SUBMITTED])
        review_id = session.scalars(select(Review.id).where(Review.app_id.in_(submitted))).one()
    request_id = ask(engine, people.service, slugs[AppState.PUBLIC_BETA], AppTrigger.PROMOTE)
    world.parameters = {
        "slug": slugs[AppState.BUILDING],
        "component_id": str(world.new_component()),
        "review_id": str(review_id),
        "request_id": str(request_id),
        "row_id": str(uuid4()),
        "workspace": "workspace-1",
    }
    return world
