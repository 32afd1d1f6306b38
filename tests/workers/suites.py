"""Subscriptions whose endpoint is on loopback, and runs of their tests without a worker process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import Component
from models.component_test import RunScope
from runtime.guarded_http import Answer, FetchLimits, GuardedHttp
from tests.guarded_http.clients import CERTIFICATES, Answers
from tests.journeys import People, now_of
from tests.workers.endpoints import KEY
from tests.workers.leased import work_off
from workers.actors.component_tests import COMPONENT_TESTS
from workers.context import WorkerContext
from workflow.apps import find_app, find_component
from workflow.component_tests.run_settings import give_test_settings
from workflow.component_tests.starting import EnteredOnce, RunWithResults, find_run, start_run
from workflow.identity.secrets import Seal, Unseal

ALL_TYPES = ("identify", "track", "page", "screen", "group", "alias", "delete")
JOURNEY = (
    "page_home",
    "page_signup",
    "identify",
    "track_signed_up",
    "group",
    "track_enabled",
    "track_invited",
    "screen_home",
)
OBSERVED = ("wrong_key", "malformed", "duplicate", "other_order", "other_casing", "nulls")
SUITE = (*JOURNEY, *OBSERVED, "alias", "delete")
"""The codes of a whole suite's cases, in order."""


class HastyHttp(GuardedHttp):
    """A guarded client that waits two seconds at most, and trusts the tests' authority."""

    def __init__(self) -> None:
        super().__init__(
            FetchLimits(),
            user_agent="devcenter-test/1",
            allow_loopback=True,
            resolver=lambda _name, _seconds: Answers(["127.0.0.1"])("", 0),
            authorities=CERTIFICATES / "authority.pem",
        )

    def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        total: timedelta,
        method: str = "POST",
        at: Sequence[str] = (),
    ) -> Answer:
        hasty = min(total, timedelta(seconds=2))
        return super().post(url, headers=headers, body=body, total=hasty, method=method, at=at)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the App `acme`, in a database."""

    context: WorkerContext
    people: People
    id: UUID

    def start(self, scope: RunScope = RunScope.SUITE, **wanted: Any) -> UUID:
        """Makes a run due, and returns its id. Commits."""
        with Session(self.context.engine) as session, session.begin():
            return start(session, self.people, self.id, self.context.unseal, scope, **wanted)

    def read(self, run_id: UUID) -> RunWithResults:
        """Returns the run and its results so far."""
        with Session(self.context.engine, expire_on_commit=False) as session:
            return find_run(session, "acme", self.id, run_id, self.people.partner)

    def run(self, scope: RunScope = RunScope.SUITE, **wanted: Any) -> RunWithResults:
        """Starts a run, works it off, and returns it."""
        run_id = self.start(scope, **wanted)
        work_off(self.context, COMPONENT_TESTS)
        return self.read(run_id)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Edits the Component, which has a new revision then. Commits."""
        with Session(self.context.engine) as session, session.begin():
            component = find_component(session, "acme", self.id, self.people.partner)
            component.settings = {**component.settings, **settings}
            component.revision += 1


def start(
    session: Session,
    people: People,
    component_id: UUID,
    unseal: Unseal,
    scope: RunScope = RunScope.SUITE,
    *,
    event: str | None = None,
    message: Mapping[str, Any] | None = None,
    entered: EnteredOnce | None = None,
) -> UUID:
    """Makes a run of a Component of the App `acme` due, and returns its id. Does not commit."""
    actor, now = people.partner, now_of(session)
    return start_run(
        session,
        "acme",
        component_id,
        actor,
        now,
        scope=scope,
        event=event,
        message=message,
        loopback=True,
        unseal=unseal,
        entered=entered,
    ).id


def add_subscription(
    session: Session, people: People, url: str, seal: Seal, *, subkind: str = "webhook", name: str = "Hook", **more: Any
) -> UUID:
    """Adds a subscription with a test key, of all types by default, to the App `acme`. Does not commit.

    Returns its id.
    """
    actor, now = people.partner, now_of(session)
    settings = {"url": url, "api_key_name": "API key", "event_types": list(ALL_TYPES), "settings": [], **more}
    app_id = find_app(session, "acme", actor).id
    component = Component(app_id=app_id, kind="subscription", subkind=subkind, name=name, settings=settings)
    session.add(component)
    session.flush()
    give_test_settings(session, "acme", component.id, actor, now, key=KEY, values={}, ends_at=None, seal=seal)
    return component.id


def subscription(context: WorkerContext, people: People, url: str, **more: Any) -> Subscription:
    """Adds a subscription as `add_subscription` does. Commits. Its worker waits two seconds for answers."""
    with Session(context.engine) as session, session.begin():
        added = add_subscription(session, people, url, context.seal, **more)
    return Subscription(replace(context, endpoints=HastyHttp()), people, added)
