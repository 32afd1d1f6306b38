"""A world in which every call has something to work on: two companies, with Apps in several states."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, delete, select, text, update
from sqlalchemy.orm import Session

from models import AllowedSlug, App, ChecklistItem, Component, HostProof, Person, RejectedMessage, Review, Service
from models.asset import AssetKind
from models.component_test import RunScope
from models.lifecycle import AppState, AppTrigger, Role
from models.request import RequestSource
from models.token import Scope
from runtime.secrets import KeyRing
from tests.factories import app_in, pass_review
from tests.journeys import BECAUSE, People, ask, judge, now_of, people_in, writer_of
from tests.launch import LOGO, STREAM, SUBSCRIPTION, WEBHOOK
from tests.workers.processes import environment
from workflow.access.host_proofs import begin_host_proof
from workflow.access.people import invite_colleague
from workflow.access.requests import AccessRequestContent, request_access
from workflow.assets.pictures import Picture
from workflow.assets.storing import store_asset
from workflow.catalog.membership import apply_for_membership
from workflow.catalog.previews import create_preview
from workflow.component_tests.run_settings import give_test_settings
from workflow.component_tests.starting import start_run
from workflow.identity.actors import Actor
from workflow.identity.sessions import begin_session
from workflow.identity.tokens import SCOPES_OF, issue_token
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.operating.rejected_messages import keep_rejected
from workflow.policy.document import load_policies
from workflow.reviewing.desk import claim_review, release_review
from workflow.reviewing.drafts import write_draft
from workflow.reviewing.saved_reasons import add_saved_reason
from workflow.usage.reports import Report, Use, report_use

Made = TypeVar("Made")

MARK = "acmeown"
"""A part of every slug of the first company's Apps, so that a leak to another company can be recognised."""
STATES = (AppState.BUILDING, AppState.SUBMITTED, AppState.PUBLIC_BETA, AppState.PUBLIC)


def key_ring() -> KeyRing:
    """Returns the keys of the services that tests run."""
    return KeyRing([SecretStr(environment("", "")["DEVCENTER_SECRET_KEYS"])])


def slug_of(state: AppState) -> str:
    """Returns the slug of the first company's App in that state."""
    return f"{MARK}-{state.value.replace('_', '-')}"


@dataclass
class World:
    """`people` own an App in each of `STATES`; `others` are another company, with the App `elsewhere`.

    The App in `public` has applied for the Select Partner Program. `parameters` name one thing of each kind.
    """

    engine: Engine
    people: People
    others: People
    parameters: dict[str, str]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _tokens: dict[tuple[UUID, frozenset[Scope]], str] = field(default_factory=dict)

    def name(self, word: str) -> str:
        """Returns a name that is not taken."""
        return f"{word}-{next(self._numbers)}"

    def actor(self, role: Role) -> Actor:
        """Returns the first company's partner, or the platform's person or service of that role."""
        actor: Actor = getattr(self.people, role.value)
        return actor

    def token(self, actor: Actor, scopes: frozenset[Scope]) -> str:
        """Returns a token of the actor with exactly those of the scopes that its role may have."""
        scopes = scopes & SCOPES_OF[actor.role]
        if (actor.id, scopes) not in self._tokens:
            self._tokens[actor.id, scopes] = self._make(lambda session: self._new_token(session, actor, scopes))
        return self._tokens[actor.id, scopes]

    def noted(self, actor: Actor) -> int:
        """Returns how many calls of the actor the audit log has."""
        with self.engine.connect() as connection:
            statement = text("SELECT count(*) FROM audit_entry WHERE actor_id = :id")
            return int(connection.scalar(statement, {"id": actor.id}) or 0)

    def new_component(self) -> UUID:
        """Returns a Component of the App in `building`."""

        def make(session: Session) -> UUID:
            app_id = session.scalars(select(App.id).where(App.slug == slug_of(AppState.BUILDING))).one()
            component = Component(app_id=app_id, kind="stream", name="Events", settings=STREAM)
            session.add(component)
            session.flush()
            return component.id

        return self._make(make)

    def new_subscription(self) -> UUID:
        """Returns a subscription of the App in `building`, with a test key."""
        seal = Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"])

        def make(session: Session) -> UUID:
            app = session.scalars(select(App).where(App.slug == slug_of(AppState.BUILDING))).one()
            component = Component(app_id=app.id, **WEBHOOK)
            session.add(component)
            session.flush()
            give_test_settings(
                session,
                app.slug,
                component.id,
                self.people.partner,
                now_of(session),
                key="a test key",
                values={},
                ends_at=None,
                seal=lambda secret: seal.encrypt(secret.encode()).decode(),
            )
            return component.id

        return self._make(make)

    def forget_host_proofs(self) -> None:
        """Removes all proofs of hosts, of which a company has a few only."""
        with Session(self.engine) as session, session.begin():
            session.execute(delete(HostProof))

    def new_host_proof(self) -> UUID:
        """Returns a proof of a host that the first company has begun."""
        organization_id, host = self.people.partner.organization_id, f"{self.name('proof')}.hosting.example"
        assert organization_id is not None
        return self._make(
            lambda session: begin_host_proof(session, organization_id, host, self.people.partner, now_of(session)).id
        )

    def new_function(self) -> UUID:
        """Returns a function of the App in `building`, without a mapping."""

        def make(session: Session) -> UUID:
            app_id = session.scalars(select(App.id).where(App.slug == slug_of(AppState.BUILDING))).one()
            component = Component(
                app_id=app_id, kind="subscription", subkind="function", name="Function", settings=SUBSCRIPTION
            )
            session.add(component)
            session.flush()
            return component.id

        return self._make(make)

    def new_test_run(self) -> tuple[UUID, UUID]:
        """Returns a subscription of the App in `building`, and a run of its tests."""
        component_id = self.new_subscription()
        seal = Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"])

        def make(session: Session) -> UUID:
            return start_run(
                session,
                slug_of(AppState.BUILDING),
                component_id,
                self.people.partner,
                now_of(session),
                scope=RunScope.SUITE,
                event=None,
                message=None,
                loopback=False,
                unseal=lambda sealed: seal.decrypt(sealed.encode()).decode(),
            ).id

        return component_id, self._make(make)

    def new_review(self, *, holder: Actor | None = None) -> UUID:
        """Returns an open review of a new App. `holder`, if given, has claimed this review and no other."""
        app_id = app_in(self.engine, self.people, self.name(f"{MARK}-submitted"), AppState.SUBMITTED)

        def make(session: Session) -> UUID:
            session.execute(update(Person).values(away_until=None))
            review_id = session.scalars(select(Review.id).where(Review.app_id == app_id)).one()
            if holder is not None:
                held = select(Review.id).where(Review.claimed_by == holder.id, Review.closed_at.is_(None))
                for before in session.scalars(held).all():
                    release_review(session, before, holder, now_of(session))
                claim_review(session, review_id, holder, now_of(session))
            return review_id

        return self._make(make)

    def new_test_account(self, *, holder: Actor) -> str:
        """Returns the slug of a submitted App with a test account, whose review `holder` has claimed."""
        review_id = self.new_review(holder=holder)
        seal = Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"])
        account = {"username": "rae", "password": seal.encrypt(b"a secret").decode(), "notes": ""}

        def make(session: Session) -> str:
            app = session.get_one(App, session.get_one(Review, review_id).app_id)
            session.get_one(ChecklistItem, (app.id, "test_account")).evidence = account
            return app.slug

        return self._make(make)

    def new_planned_publication(self) -> str:
        """Returns the slug of an App whose approval named a day for it to be published."""
        slug = self.name("planned")
        app_in(self.engine, self.people, slug, AppState.SUBMITTED)
        pass_review(self.engine, self.people, slug)
        with Session(self.engine) as session, session.begin():
            wanted = Wanted(slug, AppTrigger.APPROVE, publish_at=now_of(session) + timedelta(days=2))
            accept_requests(session, [CallerRequest(self.people.reviewer, wanted)], RequestSource.HTTP)
        judge(self.engine)
        return slug

    def new_asset(self) -> UUID:
        """Returns a picture of the App in `building`."""
        content = LOGO + f"<!-- {self.name('logo')} -->".encode()
        picture = Picture(AssetKind.LOGO, content, "image/svg+xml", 320, 80)
        partner, slug = self.people.partner, slug_of(AppState.BUILDING)
        return self._make(lambda session: store_asset(session, slug, picture, partner).id)

    def new_preview(self) -> UUID:
        """Returns a link to the entry of the App in `building`."""
        partner, slug, life = self.people.partner, slug_of(AppState.BUILDING), timedelta(days=1)
        return self._make(lambda session: create_preview(session, slug, partner, now_of(session), life=life)[0].id)

    def new_dead_request(self) -> UUID:
        """Returns a transition request that has used up its attempts."""
        request_id = ask(self.engine, self.people.service, slug_of(AppState.PUBLIC_BETA), AppTrigger.PROMOTE)
        dead = "UPDATE transition_request SET status = 'dead', finished_at = now(), last_error = 'why' WHERE id = :id"
        self._make(lambda session: session.execute(text(dead), {"id": request_id}))
        return request_id

    def new_draft(self, actor: Actor) -> UUID:
        """Returns a review for which the actor has a draft."""
        review_id = UUID(self.parameters["review_id"])
        self._make(lambda session: write_draft(session, review_id, "Mend the links.", (), actor))
        return review_id

    def new_due_request(self, actor: Actor) -> UUID:
        """Returns a transition request of the actor that is due: nobody judges here."""
        if actor.role is Role.PARTNER:
            return ask(self.engine, actor, slug_of(AppState.BUILDING), AppTrigger.SUBMIT)
        return ask(self.engine, actor, slug_of(AppState.PUBLIC_BETA), AppTrigger.PROMOTE)

    def new_rejected_message(self) -> UUID:
        """Returns a message that could not be accepted."""

        def make(session: Session) -> UUID:
            name = self.name("message")
            keep_rejected(session, queue="transitions", message=name.encode(), body=name, error="why")
            return session.scalars(select(RejectedMessage.id).where(RejectedMessage.body == name)).one()

        return self._make(make)

    def new_access_request(self) -> UUID:
        """Returns an open request for access of a new company."""
        name = self.name("company")
        asked = AccessRequestContent(
            company_name=name,
            website=f"https://{name}.example",
            contact_name="Pat",
            contact_email=f"pat@{name}.example",
            plan="Events in our product.",
            component_kinds=("stream",),
            survey={},
            agreements=(),
        )
        return self._make(
            lambda session: request_access(session, asked, now_of(session), load_policies(session).current).request.id
        )

    def new_invitation(self) -> UUID:
        """Returns an open invitation to be a colleague of the first company's partner."""
        self.give_ownership_back()
        owner, email = self.people.partner, f"{self.name('colleague')}@acme.example"
        organization_id = owner.organization_id
        assert organization_id is not None
        return self._make(
            lambda session: (
                invite_colleague(
                    session, organization_id, owner, now_of(session), lambda code: code, name="Olga", email=email
                ).id
            )
        )

    def give_ownership_back(self) -> None:
        """Makes the first company's partner its owner, whoever the ownership was handed over to."""
        partner = self.people.partner

        def make(session: Session) -> None:
            session.execute(update(Person).where(Person.organization_id == partner.organization_id).values(owner=False))
            session.execute(update(Person).where(Person.id == partner.id).values(owner=True))

        self._make(make)

    def new_colleague(self) -> UUID:
        """Returns a colleague of the first company's partner."""

        def make(session: Session) -> UUID:
            email = f"{self.name('colleague')}@acme.example"
            organization_id = self.people.partner.organization_id
            person = Person(organization_id=organization_id, role="partner", name="Olga", email=email)
            session.add(person)
            session.flush()
            return person.id

        return self._make(make)

    def new_session(self, actor: Actor) -> UUID:
        """Returns a session of the actor."""
        return self._make(lambda session: begin_session(session, actor.id, now_of(session))[0].id)

    def new_reviewer(self) -> UUID:
        """Returns a reviewer besides the one of the world's people."""

        def make(session: Session) -> UUID:
            person = Person(role="reviewer", name="Bo", email=f"{self.name('bo')}@platform.example")
            session.add(person)
            session.flush()
            return person.id

        return self._make(make)

    def new_allowed_slug(self) -> str:
        """Returns a slug that the first company was allowed."""

        def make(session: Session) -> str:
            slug = self.name("allowed").replace("_", "-").lower()
            organization_id = self.people.partner.organization_id
            session.add(AllowedSlug(slug=slug, organization_id=organization_id, allowed_by=self.people.partner.id))
            return slug

        return self._make(make)

    def new_token(self, person_id: UUID | None = None) -> UUID:
        """Returns a token of a person, of the first company's partner by default."""

        def make(session: Session) -> UUID:
            holder = session.get_one(Person, person_id or self.people.partner.id)
            return issue_token(session, holder, label="new", expires_at=now_of(session) + timedelta(days=1))[0].id

        return self._make(make)

    def new_public_app(self, *, applied: bool) -> str:
        """Returns the slug of a new App in `public`, which has applied to the Select Partner Program if `applied`."""
        slug = self.name(f"{MARK}-public")
        app_in(self.engine, self.people, slug, AppState.PUBLIC)
        if applied:
            partner = self.people.partner
            self._make(lambda session: apply_for_membership(session, slug, partner, now_of(session), ""))
        return slug

    def new_suspended_app(self, *, confirmed_by: Actor) -> str:
        """Returns the slug of a new App that somebody else than `confirmed_by` suspended."""
        slug = self.name(f"{MARK}-suspended")
        app_in(self.engine, self.people, slug, AppState.PUBLIC_BETA)
        by = self.people.admin if confirmed_by == self.people.reviewer else self.people.reviewer
        ask(self.engine, by, slug, AppTrigger.SUSPEND, reasons=BECAUSE)
        judge(self.engine)
        return slug

    def new_saved_reason(self) -> str:
        """Returns the code of a new saved reason."""
        code = self.name("reason").replace("-", "_")
        self._make(lambda session: add_saved_reason(session, code, "Mend it.", "", self.people.reviewer))
        return code

    def new_workspace(self, use: Use) -> str:
        """Returns a workspace whose use of the App in `building` was reported."""
        workspace = self.name("workspace")

        def make(session: Session) -> None:
            writer = writer_of(session)
            report_use(
                session,
                [Report(slug_of(AppState.BUILDING), use, workspace)],
                actor=self.people.service,
                now=now_of(session),
                policies=writer.policies,
                rulebook=writer.rulebook,
            )

        self._make(make)
        return workspace

    def policy(self) -> tuple[int, dict[str, object]]:
        """Returns the version and the document of the current policy."""
        with self.engine.connect() as connection:
            statement = text("SELECT version, document FROM policy_version ORDER BY version DESC LIMIT 1")
            version, document = connection.execute(statement).one()
            return version, document

    def _make(self, make: Callable[[Session], Made]) -> Made:
        with Session(self.engine) as session, session.begin():
            return make(session)

    def _new_token(self, session: Session, actor: Actor, scopes: frozenset[Scope]) -> str:
        holder: Person | Service = (
            session.get_one(Service, actor.id) if actor.role is Role.SERVICE else session.get_one(Person, actor.id)
        )
        ends_at = now_of(session) + timedelta(days=1)
        return issue_token(session, holder, label="test", expires_at=ends_at, scopes=sorted(scopes))[1]


_IDS = (
    "component",
    "review",
    "request",
    "row",
    "organization",
    "person",
    "invitation",
    "token",
    "asset",
    "link",
    "proof",
    "run",
    "session",
)
UNKNOWN = {"slug": "nowhere", "version": "999999", **{f"{name}_id": str(uuid4()) for name in _IDS}}
"""Path parameters that name nothing that exists."""


def world_in(engine: Engine, people: People) -> World:
    """Makes the world around an existing company. Commits."""
    for state in STATES:
        app_in(engine, people, slug_of(state), state)
    others = people_in(engine, "Other")
    app_in(engine, others, "elsewhere", AppState.BUILDING)
    world = World(engine, people, others, {})
    with Session(engine) as session, session.begin():
        apply_for_membership(session, slug_of(AppState.PUBLIC), people.partner, now_of(session), "")
        submitted = select(App.id).where(App.slug == slug_of(AppState.SUBMITTED))
        review_id = session.scalars(select(Review.id).where(Review.app_id.in_(submitted))).one()
    request_id = ask(engine, people.service, slug_of(AppState.PUBLIC_BETA), AppTrigger.PROMOTE)
    world.parameters = {
        "slug": slug_of(AppState.BUILDING),
        "component_id": str(world.new_component()),
        "review_id": str(review_id),
        "request_id": str(request_id),
        "row_id": str(uuid4()),
        "message_id": str(uuid4()),
        "workspace": "workspace-1",
        "organization_id": str(people.partner.organization_id),
        "person_id": str(people.partner.id),
        "invitation_id": str(world.new_invitation()),
        "token_id": str(world.new_token()),
        "asset_id": str(world.new_asset()),
        "link_id": str(world.new_preview()),
        "proof_id": str(uuid4()),
        "run_id": str(uuid4()),
        "version": "1",
        "code": world.new_saved_reason(),
    }
    return world
