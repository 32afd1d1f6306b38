"""Random walks of Apps: any requests of anybody, many of an App in a batch, with edits, claims and reports between."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models import Person, Review
from models.lifecycle import APP_EDGES, BIRTHS, AppTrigger, ReviewKind, Role, StepTrigger
from models.request import RequestSource
from tests.journeys import BECAUSE, app_building, now_and_writer, now_of, people_in, writer_of
from workers.judging.batches import judge_batch
from workers.judging.in_flight import InFlightBatches
from workflow.building.apps import rename_app
from workflow.errors import Unmet, WorkflowError
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.batch import BatchReport
from workflow.lifecycle.facts import Ask, Facts
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.lifecycle.rulebook import AppRulebook
from workflow.operating.publishing import find_policy, publish_policy
from workflow.policy.document import KnownPolicies
from workflow.reasons import ONLY_REINSTATED, URGENT, Reason
from workflow.reviewing.desk import claim_review, hand_over_review, release_review
from workflow.reviewing.steps import decide_step
from workflow.sql.pipeline import direct_connection
from workflow.usage.reports import Report, Use, report_use

APPS = 4
"""Apps that walk at a time. One that is removed is replaced by a new one."""
RULEBOOK = AppRulebook()
ASKED = [trigger for trigger in AppTrigger if trigger not in BIRTHS]
BLANK = (Reason("other", " "),)
REASONS: dict[AppTrigger, tuple[Reason, ...]] = {
    AppTrigger.SUBMIT: (Reason(URGENT, "The endpoint moved."),),
    AppTrigger.SUSPEND: (Reason(ONLY_REINSTATED, "Abuse."),),
}
"""Reasons with a code that means something to the trigger."""
ANOTHER_REVIEW = Unmet("review.expected", "", "", "")
CATEGORIES = ("Analytics", "Email")
POLICIES: Sequence[dict[str, Any]] = (
    {},
    {},
    {"two_people_to_remove": True},
    {"two_people_categories": ["Email"]},
    {"two_people_customers": 2},
    {"urgent_revisions": 1},
    {"review_steps": ["partner_documentation"]},
    {"review_steps": ["end_to_end_check", "catalog_details"], "revision_steps": ["end_to_end_check"]},
    {"observed": ["partner_documentation", "oauth.enabled"]},
    {"observed": ["draft.changed", "grace.none", "components.tested"]},
)
"""What policies of a walk change in the first one. Two of them change nothing."""


class Walk:
    """Apps that walk about in one database. The same seed asks for the same things.

    `moves` counts how often each trigger led from each state with each kind of open review.
    """

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.seed, self.random = engine, seed, random.Random(seed)
        self.policies = KnownPolicies()
        self.requests = self.refused = 0
        self.moves: Counter[tuple[str, str, str]] = Counter()
        self.people = people_in(self.engine, f"Walk{self.seed}")
        strangers = people_in(self.engine, f"Stranger{self.seed}")
        with Session(self.engine) as session, session.begin():
            colleague = Person(
                organization_id=self.people.partner.organization_id,
                role="partner",
                name="Col",
                email=f"col@walk{self.seed}.example",
            )
            session.add(colleague)
            session.flush()
            self.colleague = Actor(colleague.id, Role.PARTNER, colleague.organization_id)
        self.staff = [self.people.reviewer, strangers.reviewer, self.people.admin, strangers.admin]
        self.everybody = [
            *(self.people.partner, self.colleague, strangers.partner, self.people.service, SCHEDULE),
            *self.staff,
        ]
        self.apps: list[str] = []
        self.names = 0
        self.document = dict(self._current_policy()[1])

    def go(self, requests: int, *, checked_every: int, check: Callable[["Walk"], None]) -> None:
        """Makes rounds until so many requests were judged, and calls `check` after each `checked_every` and at last."""
        goal, checked = self.requests + requests, self.requests
        while self.requests < goal:
            self.round()
            if self.requests - checked >= checked_every:
                check(self)
                checked = self.requests
        check(self)

    def round(self) -> None:
        """Does something to some Apps, asks for one to five things of each of them, and has all of that judged."""
        self._replace_removed()
        wishes: list[CallerRequest] = []
        for slug in self.random.sample(self.apps, self.random.choice((1, 2, 3))):
            facts = self._facts([slug])[slug]
            edges = [edge for edge in APP_EDGES if (edge.source, edge.review) == (facts.state, facts.open_kind)]
            triggers = sorted({AppTrigger(edge.trigger) for edge in edges}, key=lambda one: self._done(facts, one))
            first = self.random.choice(triggers[:3]) if self.random.random() < 0.7 else None
            act = PREPARING.get(first) if first else None
            self._act(slug, act or self.random.choice(ACTS))
            wishes += self._wishes(slug, first if act or self.random.random() < 0.5 else None)
        with Session(self.engine) as session, session.begin():
            accept_requests(session, wishes, RequestSource.HTTP)
        self._judge_due()

    def _replace_removed(self) -> None:
        with Session(self.engine) as session:
            gone = text("SELECT slug FROM app WHERE slug = ANY(:slugs) AND state = 'removed'")
            for slug in session.scalars(gone, {"slugs": self.apps}).all():
                self.apps.remove(slug)
        while len(self.apps) < APPS:
            self.names += 1
            self.apps.append(f"walk{self.seed}-{self.names}")
            app_building(self.engine, self.people, self.apps[-1])

    # What people do between requests

    def _act(self, slug: str, act: "Act") -> None:
        try:
            with Session(self.engine) as session, session.begin():
                act(self, session, slug)
        except WorkflowError:
            pass  # what is refused changes nothing

    def edit(self, session: Session, slug: str) -> None:
        name = f"{slug} {self.random.randrange(10**6)}"
        app = rename_app(session, slug, self.people.partner, name=name, expected=None)
        category = self.random.choice(CATEGORIES)
        session.execute(
            text("""
                UPDATE checklist_item SET evidence = evidence || jsonb_build_object('categories', ARRAY[:category])
                 WHERE app_id = :id AND code = 'app_info'
            """),
            {"id": app.id, "category": category},
        )

    def pass_review(self, session: Session, slug: str) -> None:
        """Has a reviewer, who had no part in what is appealed, hold the review and pass all that is pending."""
        review = self._review(session, slug)
        if review is None:
            return
        holder = next((one for one in self.staff if one.id == review.claimed_by), None)
        others = [one for one in self.staff if one.id != review.decider and one.id not in review.involved]
        if holder is None and not others:
            return
        holder = holder or self.random.choice(others)
        claim_review(session, review.id, holder, now_of(session))
        pending = text("SELECT code FROM review_step WHERE review_id = :id AND state = 'pending' ORDER BY code")
        codes = session.scalars(pending, {"id": review.id}).all()
        for code in codes:
            fails = code == codes[-1] and review.kind == ReviewKind.HEALTH and self.random.random() < 0.5
            trigger = StepTrigger.FAIL if fails else StepTrigger.PASS
            decide_step(session, review.id, code, trigger=trigger, actor=holder, now=now_of(session))

    def hold(self, session: Session, slug: str) -> None:
        review, who = self._review(session, slug), self.random.choice(self.staff)
        if review is None:
            return
        now = now_of(session)
        if self.random.random() < 0.4:
            claim_review(session, review.id, who, now)
        elif self.random.random() < 0.5:
            release_review(session, review.id, who, now)
        else:
            hand_over_review(session, review.id, self.people.admin, who.id, now)

    def decide_step(self, session: Session, slug: str) -> None:
        review = self._review(session, slug)
        holder = next((one for one in self.staff if review and one.id == review.claimed_by), None)
        if review is None or holder is None:
            return
        codes = session.scalars(text("SELECT code FROM review_step WHERE review_id = :id"), {"id": review.id}).all()
        if codes:
            decide_step(
                session,
                review.id,
                self.random.choice(sorted(codes)),
                trigger=self.random.choice([one for one in StepTrigger if one is not StepTrigger.CANCEL]),
                actor=holder,
                now=now_of(session),
                reason="because",
            )

    def report(self, session: Session, slug: str) -> None:
        writer = writer_of(session)
        uses = [(Use.OAUTH_INSTALL, "w-0"), *((Use.CUSTOMER, f"w-{number}") for number in range(3))]
        enabled = self.random.random() < 0.7
        report_use(
            session,
            [Report(slug, use, workspace, enabled=enabled) for use, workspace in uses],
            actor=self.people.service,
            now=now_of(session),
            policies=writer.policies,
            rulebook=writer.rulebook,
        )

    def publish_policy(self, session: Session, slug: str) -> None:  # noqa: ARG002
        base, _ = self._current_policy()
        document = self.document | self.random.choice(POLICIES)
        publish_policy(session, document, base=base, note="A walk.", actor=self.people.admin)

    def leave_or_return(self, session: Session, slug: str) -> None:  # noqa: ARG002
        """A reviewer is away for long, or here again."""
        away = "now() + interval '1 day'" if self.random.random() < 0.4 else "NULL"
        who = self.random.choice(self.staff)
        session.execute(text(f"UPDATE person SET away_until = {away} WHERE id = :id"), {"id": who.id})

    def _current_policy(self) -> tuple[int, dict[str, Any]]:
        with Session(self.engine) as session:
            current = find_policy(session, None)
            return current.version, current.document

    def _review(self, session: Session, slug: str) -> Review | None:
        open_review = text("""
            SELECT r.id FROM review r JOIN app a ON a.id = r.app_id WHERE a.slug = :slug AND r.closed_at IS NULL
        """)
        found = session.scalars(open_review, {"slug": slug}).one_or_none()
        return session.get(Review, found) if found else None

    # What they ask for, and what becomes of it

    def _wishes(self, slug: str, first: AppTrigger | None) -> Iterator[CallerRequest]:
        """Yields one to five requests, the later ones with what the earlier ones lead to in mind."""
        facts = self._facts([slug])[slug]
        for place in range(self.random.choice((1, 1, 2, 3, 5))):
            trigger, asker, reasons = self._wish(facts, first if place == 0 else None)
            review = self.random.choice((None, None, None, facts.open_review, 1))
            yield CallerRequest(asker, Wanted(slug, trigger, reasons=reasons, expected_review=review))
            judgment = RULEBOOK.judge(trigger, facts.asked_by(Ask(asker, reasons)))
            if judgment.target is not None and review in (None, facts.open_review):
                facts = facts.after(trigger, judgment.target)

    def _wish(self, facts: Facts, first: AppTrigger | None) -> tuple[AppTrigger, Actor, tuple[Reason, ...]]:
        """Returns anything that anybody asks for; more often than not it is possible, and was not often done before."""
        reasons: tuple[Reason, ...] = self.random.choice((BECAUSE, BECAUSE, BECAUSE, (), BLANK))
        trigger, asker = first or self.random.choice(ASKED), self.random.choice(self.everybody)
        if self.random.random() < 0.75:
            possible = [
                (trigger, one)
                for trigger, one in product((first,) if first else ASKED, self.everybody)
                if RULEBOOK.judge(trigger, facts.asked_by(Ask(one, BECAUSE))).allowed
            ]
            self.random.shuffle(possible)
            wanted = min(possible, key=lambda wish: self._done(facts, wish[0]), default=None)
            if wanted:
                trigger, asker, reasons = *wanted, BECAUSE
        if self.random.random() < 0.2:
            reasons = REASONS.get(trigger, reasons)
        return trigger, asker, reasons

    def _done(self, facts: Facts, trigger: AppTrigger) -> int:
        often = 30 if trigger is AppTrigger.REMOVE else 1
        return often * self.moves[facts.state, facts.open_kind, trigger.value]

    def _judge_due(self) -> None:
        """Judges batches until nothing is due. Each outcome, and all facts after each batch, are as predicted."""
        with direct_connection(self.engine) as connection:
            while due := self._due():
                before = self._facts(sorted(set(due.values())))
                report = judge_batch(connection, InFlightBatches(self.engine), now_and_writer, limit=500)
                assert {one.request.id for one in report.outcomes} == set(due), f"seed {self.seed}: some were left"
                after = self._predicted(report, due, before)
                self._compare(after, self._facts(sorted(before)))
                self.requests += len(due)

    def _predicted(self, report: BatchReport, due: dict[UUID, str], facts: dict[str, Facts]) -> dict[str, Facts]:
        """Compares each outcome with what follows from the facts. Returns the facts after all of them."""
        facts = dict(facts)
        for one in report.outcomes:
            request, slug = one.request, due[one.request.id]
            asked = facts[slug].asked_by(request.ask)
            judgment = RULEBOOK.judge(request.trigger, asked)
            if request.expected_review not in (None, asked.open_review):
                judgment = replace(judgment, target=None, unmet=(*judgment.unmet, ANOTHER_REVIEW))
            told = one.status, sorted(unmet.code for unmet in one.judgment.unmet) if one.judgment else one.error
            wanted = "refused" if judgment.target is None else "applied", sorted(unmet.code for unmet in judgment.unmet)
            assert told == wanted, f"seed {self.seed}: {slug}: {request.trigger} of {asked}"
            self.refused += judgment.target is None
            if judgment.target is not None:
                self.moves[judgment.source, asked.open_kind, request.trigger.value] += 1
                facts[slug] = asked.after(request.trigger, judgment.target)
        return facts

    def _compare(self, predicted: dict[str, Facts], loaded: dict[str, Facts]) -> None:
        for slug, facts in predicted.items():
            differing = {
                one.name: (getattr(facts, one.name), getattr(loaded[slug], one.name))
                for one in fields(Facts)
                if one.compare and one.name != "ask" and getattr(facts, one.name) != getattr(loaded[slug], one.name)
            }
            assert not differing, f"seed {self.seed}: {slug}: predicted and loaded {differing}"
            assert (facts.looked_at is None) == (loaded[slug].looked_at is None), f"seed {self.seed}: {slug}"

    def _due(self) -> dict[UUID, str]:
        """Returns the App's slug by the id of each request that is due."""
        due = "SELECT q.id, a.slug FROM transition_request q JOIN app a ON a.id = q.app_id WHERE q.status = 'due'"
        with Session(self.engine) as session:
            return {row.id: row.slug for row in session.execute(text(due))}

    def _facts(self, slugs: Sequence[str]) -> dict[str, Facts]:
        with Session(self.engine) as session:
            ids = session.scalars(text("SELECT id FROM app WHERE slug = ANY(:slugs)"), {"slugs": list(slugs)}).all()
            loaded = load_facts(session, ids, self.policies.read(session)[1])
            return {one.facts.slug: one.facts for one in loaded.values()}


Act = Callable[[Walk, Session, str], None]
ACTS: Sequence[Act] = (
    *(Walk.edit, Walk.edit, Walk.pass_review, Walk.pass_review, Walk.hold, Walk.decide_step, Walk.report),
    *(Walk.publish_policy, Walk.leave_or_return),
)
"""What people do between requests."""
PREPARING: Mapping[AppTrigger, Act] = {
    **dict.fromkeys((AppTrigger.APPROVE, AppTrigger.REQUEST_CHANGES, AppTrigger.PROPOSE_APPROVE), Walk.pass_review),
    **dict.fromkeys((AppTrigger.CLEAR, AppTrigger.FLAG), Walk.pass_review),
    AppTrigger.SUBMIT: Walk.edit,
    AppTrigger.PROMOTE: Walk.report,
}
"""What makes a trigger possible, more often than not."""
