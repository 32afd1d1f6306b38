"""Creates Apps and people for tests, by the service's own functions in the application role."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from models import (
    AccessRequest,
    App,
    ApplyBatch,
    ChecklistItem,
    Component,
    ComponentTest,
    Organization,
    Person,
    Review,
    Service,
)
from models.base import new_id
from models.checklist import GIVEN_REQUIREMENTS
from models.component import ComponentKind
from models.lifecycle import AppTrigger, Role, StepTrigger
from models.request import RequestSource
from models.token import Scope
from workers.judging.batches import judge_batch
from workers.judging.in_flight import InFlightBatches
from workflow.building.guides import required_sections
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action_on_many
from workflow.identity.tokens import issue_token
from workflow.lifecycle.apply import WriteContext, create_app
from workflow.lifecycle.batch import BatchReport, MarkInFlight
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import KnownPolicies
from workflow.profile.loading import load_profile
from workflow.reasons import Reason
from workflow.reviewing.desk import claim_review
from workflow.sql.pipeline import DirectSession, direct_connection, direct_transaction
from workflow.work.bells import Bell, ring_after_commit

RULEBOOK = AppRulebook()
KEY = b"a key of thirty-two bytes or more"
PROFILE = load_profile()
_SECTIONS = required_sections(PROFILE.guides, [ComponentKind.STREAM])
DOCUMENTATION = "".join(f"## {title}\n\nWords.\n\n" for title in _SECTIONS)
BECAUSE = (Reason("other", "because"),)


@dataclass(frozen=True, slots=True)
class People:
    """One actor of each role. The partner's company has been given access."""

    partner: Actor
    reviewer: Actor
    service: Actor
    admin: Actor


def now_of(session: Session) -> datetime:
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def writer_of(session: Session, rulebook: AppRulebook | None = None) -> WriteContext:
    return now_and_writer(session, rulebook)[1]


def now_and_writer(session: Session, rulebook: AppRulebook | None = None) -> tuple[datetime, WriteContext]:
    now, policies = KnownPolicies().read(session)
    return now, WriteContext(KEY, rulebook or RULEBOOK, policies, lambda _name: None)


def people_in(engine: Engine, company: str = "Acme") -> People:
    """Stores a company with access, and a person or service of each role. Commits."""
    domain = f"{company.lower()}.example"
    with Session(engine) as session, session.begin():
        organization = Organization(name=company, website=f"https://{domain}", domain=domain)
        session.add(organization)
        session.flush()
        partner = Person(organization_id=organization.id, role="partner", name="Pat", email=f"pat@{domain}", owner=True)
        reviewer = Person(role="reviewer", name="Rae", email=f"rae@{domain}.platform.example")
        admin = Person(role="admin", name="Ada", email=f"ada@{domain}.platform.example")
        service = Service(name=f"billing-{company.lower()}")
        session.add_all([partner, reviewer, admin, service])
        session.flush()
        now = now_of(session)
        session.add(
            AccessRequest(
                organization_id=organization.id,
                company_name=company,
                website=f"https://{domain}",
                contact_name="Pat",
                contact_email=f"pat@{domain}",
                plan="A subscription.",
                survey={},
                state="approved",
                due_at=now,
                decided_at=now,
                decided_by=reviewer.id,
            )
        )
        return People(
            Actor(partner.id, Role.PARTNER, organization.id),
            Actor(reviewer.id, Role.REVIEWER),
            Actor(service.id, Role.SERVICE),
            Actor(admin.id, Role.ADMIN),
        )


def staff_member(engine: Engine, name: str = "Bo", role: Role = Role.REVIEWER) -> Actor:
    """Stores another reviewer or admin, besides those of `people_in`. Commits."""
    with Session(engine) as session, session.begin():
        person = Person(role=role.value, name=name, email=f"{name.lower()}@platform.example")
        session.add(person)
        session.flush()
        return Actor(person.id, role)


def token_of(engine: Engine, actor: Actor, scopes: Sequence[Scope] | None = None) -> str:
    """Returns a new bearer token of the actor, valid for a day, for `scopes` or for all that its role may do."""
    with Session(engine) as session, session.begin():
        holder = session.get(Service if actor.role is Role.SERVICE else Person, actor.id)
        assert isinstance(holder, Service | Person)
        ends_at = now_of(session) + timedelta(days=1)
        return issue_token(session, holder, label="test", expires_at=ends_at, scopes=scopes)[1]


def app_building(engine: Engine, people: People, slug: str, page: str = "https://acme.example/docs") -> UUID:
    """Stores an App that is ready to be submitted. All its evidence names `page`."""
    with Session(engine) as session, session.begin():
        now = now_of(session)
        app = create_app(
            session,
            slug=slug,
            name=slug.title(),
            actor=people.partner,
            access_approved=True,
            now=now,
            writer=writer_of(session),
        )
        component = Component(app_id=app.id, kind="stream", name="Events", settings={"events": ["Email Opened"]})
        session.add(component)
        session.flush()
        session.add(
            ComponentTest(
                component_id=component.id,
                component_revision=1,
                source="rig",
                reporter="Device lab",
                colour="green",
                results=[],
                requested_by=people.partner.id,
                status="done",
                due_at=now,
            )
        )
        for code in GIVEN_REQUIREMENTS:
            evidence = {"url": page, "text": DOCUMENTATION}
            session.add(
                ChecklistItem(
                    app_id=app.id, code=code.value, evidence=evidence, given_by=people.partner.id, given_at=now
                )
            )
        return app.id


def apps_in_public_beta(
    engine: Engine, people: People, slugs: Sequence[str], page: str = "https://acme.example/docs"
) -> list[UUID]:
    """Stores Apps whose evidence names `page`, and takes each through its review."""
    ids = [app_building(engine, people, slug, page) for slug in slugs]
    for slug in slugs:
        ask(engine, people.partner, slug, AppTrigger.SUBMIT)
    judge(engine)
    with Session(engine) as session:
        at_once = writer_of(session).policies.current.claims_at_once
    for first in range(0, len(slugs), at_once):
        _approve(engine, people, slugs[first : first + at_once])
    return ids


def _approve(engine: Engine, people: People, slugs: Sequence[str]) -> None:
    """Has the reviewer claim, pass and approve as many reviews as they may hold at once."""
    with Session(engine) as session, session.begin():
        now = now_of(session)
        open_reviews = select(Review.id).join(App, App.id == Review.app_id).where(Review.closed_at.is_(None))
        reviews = session.scalars(open_reviews.where(App.slug.in_(slugs))).all()
        for review in reviews:
            claim_review(session, review, people.reviewer, now)
        pass_steps(session, reviews, people.reviewer, now)
    for slug in slugs:
        ask(engine, people.reviewer, slug, AppTrigger.APPROVE)
    judge(engine)


def pass_steps(
    session: Session, reviews: Sequence[UUID], actor: Actor, now: datetime, codes: Sequence[str] | None = None
) -> None:
    """Stores what `decide_step` does for each step of the reviews, or for those of `codes`, with one statement.

    The actor holds the reviews. Does not commit.
    """
    session.flush()
    values = {"reviews": list(reviews), "codes": None if codes is None else list(codes), "actor": actor.id, "now": now}
    passed = session.execute(text(_PASS_STEPS), values).all()
    steps = [
        (review, {"step": code, "decision": StepTrigger.PASS.value}) for review, code in sorted(map(tuple, passed))
    ]
    log_action_on_many(session, actor, "review.step", steps)
    ring_after_commit(session, Bell.STEPS)


_PASS_STEPS = """
    WITH held AS (UPDATE review SET last_act_at = :now WHERE id = ANY(:reviews) RETURNING id)
    UPDATE review_step s SET state = 'passed', status = CASE s.status WHEN 'void' THEN 'void' ELSE 'done' END,
           findings = '[]', leased_until = NULL, decided_by = :actor, decided_at = :now, reason = NULL
      FROM held WHERE s.review_id = held.id AND (CAST(:codes AS text[]) IS NULL OR s.code = ANY(:codes))
 RETURNING s.review_id, s.code
"""


def ask(
    engine: Engine,
    actor: Actor,
    slug: str,
    trigger: AppTrigger,
    *,
    key: str | None = None,
    reasons: tuple[Reason, ...] = (),
    expected_state: str | None = None,
    not_before: datetime | None = None,
) -> UUID:
    """Requests one transition and returns the request's id. Raises WorkflowError if it is not accepted."""
    wanted = Wanted(slug, trigger, key, expected_state, not_before, reasons)
    with Session(engine) as session, session.begin():
        answer = accept_requests(session, [CallerRequest(actor, wanted)], RequestSource.HTTP)[0]
    if isinstance(answer, WorkflowError):
        raise answer
    assert isinstance(answer, AcceptedRequest)
    return answer.id


def judge(engine: Engine, rulebook: AppRulebook | None = None, *, limit: int = 500) -> list[BatchReport]:
    """Judges batches until a claim finds nothing, and returns their reports."""
    reports = []
    with direct_connection(engine) as connection:
        while True:
            writing = partial(now_and_writer, rulebook=rulebook)
            report = judge_batch(connection, InFlightBatches(engine), writing, limit=limit)
            reports.append(report)
            if not report.outcomes:
                return reports


@contextmanager
def judging(engine: Engine) -> Iterator[tuple[DirectSession, MarkInFlight]]:
    """Yields a session in the transaction of one batch, and the function that marks its requests as in flight."""
    with (
        direct_connection(engine) as connection,
        InFlightBatches(engine).batch() as mark,
        direct_transaction(connection) as session,
    ):
        yield session, mark


def mark_in_flight(engine: Engine, request_ids: Sequence[UUID]) -> UUID:
    """Commits, on a connection of its own, a marker that the requests are in flight. Returns the batch's id."""
    batch_id = new_id()
    with Session(engine) as session, session.begin():
        session.execute(insert(ApplyBatch).values(id=batch_id, request_ids=list(request_ids)))
    return batch_id


def state_of(engine: Engine, slug: str) -> tuple[str, int]:
    """Returns the App's state and version."""
    with Session(engine) as session:
        row = session.execute(select(App.state, App.version).where(App.slug == slug)).one()
        return row.state, row.version


def outcome_of(engine: Engine, request_id: UUID) -> dict[str, object]:
    """Returns the request's status, version, error and the codes of its unmet rules."""
    with Session(engine) as session:
        row = session.execute(
            text("SELECT status, version, last_error, unmet FROM transition_request WHERE id = :id"), {"id": request_id}
        ).one()
        return {
            "status": row.status,
            "version": row.version,
            "error": row.last_error,
            "unmet": [one["code"] for one in row.unmet],
        }
