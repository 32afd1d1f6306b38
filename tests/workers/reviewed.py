"""A subscription of an App that is reviewed, with an endpoint on loopback, and review steps that have its tests run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from models import Review
from models.lifecycle import AppTrigger
from tests.guarded_http.hostile_server import Behaviour
from tests.journeys import People, ask, judge, now_of
from tests.workers.endpoints import KEY, Endpoint, Received, good
from tests.workers.leased import work_off
from tests.workers.looking import pass_time, run_job, set_policy, values
from tests.workers.suites import Subscription, subscription
from workers.actors.component_tests import COMPONENT_TESTS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workers.leasing.work import LeasedWork
from workflow.reviewing.desk import claim_review

STEP_OF = "SELECT state, findings FROM review_step WHERE code = '{code}' ORDER BY id"


@dataclass
class Hook:
    """A subscription of the App `acme`, whose endpoint answers as `answering` says at the time."""

    context: WorkerContext
    people: People
    server: Endpoint
    subscription: Subscription
    answering: Callable[[Received], Behaviour] = good

    @property
    def id(self) -> UUID:
        return self.subscription.id

    def submit(self) -> None:
        """Has the suite make the Component tested, and the App submitted. Commits."""
        tested = self.subscription.run()
        assert tested.run.colour == "green", [one.findings for one in tested.results if one.findings]
        ask(self.context.engine, self.people.partner, "acme", AppTrigger.SUBMIT)
        judge(self.context.engine)
        self.server.received.clear()

    def work(self, steps: LeasedWork = REVIEW_STEPS, *, rounds: int = 1) -> None:
        """Works steps and runs off, as often as there is to wait: none of them holds a lease meanwhile."""
        for _ in range(rounds):
            work_off(self.context, steps)
            assert not values(self.context, f"SELECT id FROM {steps.kind} WHERE leased_until IS NOT NULL")
            work_off(self.subscription.context, COMPONENT_TESTS)
            self.make_due(steps)
            work_off(self.context, steps)
            self.make_due(steps)

    def make_due(self, steps: LeasedWork = REVIEW_STEPS) -> None:
        with self.context.unit_of_work() as session:
            session.execute(text(f"UPDATE {steps.kind} SET due_at = clock_timestamp() WHERE status = 'due'"))

    def found(self, code: str = "component_tests") -> tuple[str, list[str]]:
        """Returns the state of the newest step of this code, and the codes of its findings."""
        state, findings = values(self.context, STEP_OF.format(code=code))[-1]
        return state, list(dict.fromkeys(one["code"] for one in findings))

    def approve(self) -> None:
        """Has the reviewer approve the App. Commits."""
        with self.context.unit_of_work() as session:
            review = session.scalars(select(Review.id).where(Review.closed_at.is_(None))).one()
            claim_review(session, review, self.people.reviewer, now_of(session))
        ask(self.context.engine, self.people.reviewer, "acme", AppTrigger.APPROVE)
        judge(self.context.engine)

    def look(self, *, rounds: int = 1) -> None:
        """Has what is public looked at again. Commits."""
        pass_time(self.context, timedelta(days=31))
        run_job(self.context, "request_due_looks")
        judge(self.context.engine)
        self.server.received.clear()
        self.work(rounds=rounds)
        judge(self.context.engine)


@contextmanager
def reviewed_hook(context: WorkerContext, people: People, *steps: str, **settings: Any) -> Iterator[Hook]:
    """Yields a subscription that is reviewed by these steps, and has been given a test key. Commits."""
    set_policy(context, review_steps=list(steps))
    with Endpoint(lambda got: made.answering(got)).running() as server:
        assert isinstance(server, Endpoint)
        context = replace(context, allow_loopback=True)
        hooked = subscription(context, people, server.url("/hook"), **settings)
        made = Hook(context, people, server, hooked)
        yield made


def valid_ones(behaviour: Behaviour, *types: str) -> Callable[[Received], Behaviour]:
    """Returns an endpoint that answers so to valid messages of these types; all if none are named."""

    def answering(got: Received) -> Behaviour:
        fine = good(got)
        is_valid = got.message is not None and got.key == KEY
        return behaviour if is_valid and (not types or got.type in types) else fine

    return answering
