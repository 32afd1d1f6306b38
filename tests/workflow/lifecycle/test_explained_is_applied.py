"""What the rulebook explains about an App, as `GET /triggers` returns it, is what a batch then does in the database."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import APP_EDGES, BIRTHS, NEW, NO_REVIEW, AppState, AppTrigger
from tests.factories import WAY, apps_in, asker_now, asker_of, make_failed
from tests.journeys import BECAUSE, People, ask, judge, people_in
from workflow.errors import Forbidden, NotFound
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.facts import Ask
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.machines import Judgment
from workflow.operating.publishing import find_policy, publish_policy
from workflow.policy.document import load_policies
from workflow.reasons import Reason


class Asker(StrEnum):
    """Who makes a request. `ordinary` is the actor who ordinarily requests the trigger."""

    ORDINARY = "ordinary"
    PARTNER = "partner"
    STRANGER = "stranger"
    REVIEWER = "reviewer"
    SERVICE = "service"
    ADMIN = "admin"
    SCHEDULE = "schedule"


_APP = "(SELECT id FROM app WHERE slug = :slug)"
_REVIEW = f"(SELECT id FROM review WHERE app_id = {_APP} AND closed_at IS NULL)"
SPOILERS = {
    "red": f"UPDATE component_test SET colour = 'red' FROM component c WHERE c.id = component_id AND c.app_id = {_APP}",
    "changed since": f"UPDATE component SET revision = revision + 1 WHERE app_id = {_APP}",
    "no component": f"UPDATE component SET removed_at = now() WHERE app_id = {_APP}",
    "evidence missing": f"DELETE FROM checklist_item WHERE app_id = {_APP} AND code IN ('app_info', 'test_account')",
    "evidence rejected": f"""UPDATE checklist_item SET findings = '[{{"code": "x"}}]'
                              WHERE app_id = {_APP} AND code = 'catalog_details'""",
    "unclaimed": f"UPDATE review SET claimed_by = NULL, claimed_at = NULL WHERE id = {_REVIEW}",
    "step failed": f"UPDATE review_step SET state = 'failed' WHERE review_id = {_REVIEW} AND code = 'partners_page'",
    "no oauth": "UPDATE app SET oauth_installed = false WHERE slug = :slug",
    "few customers": "UPDATE app SET onboarded_customers = 2 WHERE slug = :slug",
    "reviewer's own": "UPDATE app SET created_by = :reviewer WHERE slug = :slug",
}
"""What may be wrong with an App, with the statement that makes it so."""


@dataclass(frozen=True, slots=True)
class Case:
    """An App in `state`, with an open review of a kind, for which a trigger is requested, and what is wrong with it."""

    standing: tuple[AppState, str]
    trigger: AppTrigger
    asker: Asker = Asker.ORDINARY
    reasons: tuple[Reason, ...] = BECAUSE
    spoiled: frozenset[str] = frozenset()


ASKED = [trigger for trigger in AppTrigger if trigger not in BIRTHS]
EVERY_STANDING_AND_TRIGGER = [Case(standing, trigger) for standing, trigger in product(WAY, ASKED)]
CASES = st.lists(
    st.builds(
        Case,
        st.sampled_from(sorted(WAY)),
        st.sampled_from(ASKED),
        st.just(Asker.ORDINARY) | st.sampled_from(Asker),
        st.sampled_from([BECAUSE, (), (Reason("other", " "),)]),
        st.frozensets(st.sampled_from(sorted(SPOILERS)), max_size=2),
    ),
    min_size=5,
    max_size=10,
)
NOT_BROUGHT_ABOUT = {
    (state, review, "appeal", state if state != "building" else "submitted")
    for state in ("building", "public_beta", "public", "unlisted")
    for review in (NO_REVIEW, "health")
} - {("building", "health", "appeal", "submitted"), ("unlisted", "health", "appeal", "unlisted")}
"""Moves that these Apps, which nobody asked to change, cannot make: there is no decision to appeal."""
OBSERVED = st.frozensets(st.sampled_from(["components.tested", "oauth.enabled", "reason.given", "checklist.complete"]))


@settings(
    max_examples=6,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # an example takes seconds, so shrinking would take longer than the test
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cases=CASES, access=st.booleans(), observed=OBSERVED)
@example(cases=EVERY_STANDING_AND_TRIGGER, access=True, observed=frozenset())
def test_what_is_explained_is_what_is_applied(
    engine: Engine, cases: list[Case], access: bool, observed: frozenset[str]
) -> None:
    """All Apps of an example belong to a company of its own, and all requests are judged in one batch."""
    with Session(engine) as session, session.begin():
        number = session.scalars(text("SELECT count(*) FROM organization")).one()
    people, strangers = people_in(engine, f"Company{number}"), people_in(engine, f"Stranger{number}")
    slugs = [f"c{number}-{place}" for place in range(len(cases))]
    apps_in(engine, people, {slug: case.standing for slug, case in zip(slugs, cases, strict=True)})
    make_failed(engine, [slug for slug, case in zip(slugs, cases, strict=True) if case.trigger is AppTrigger.FLAG])
    _publish(engine, people.admin, observed)
    if not access:
        undecided = """UPDATE access_request SET state = 'requested', decided_at = NULL, decided_by = NULL
                        WHERE organization_id = :id"""
        _execute(engine, undecided, id=people.partner.organization_id)
    for slug, case in zip(slugs, cases, strict=True):
        for spoiler in sorted(case.spoiled):
            _execute(engine, SPOILERS[spoiler], slug=slug, reviewer=people.reviewer.id)

    explained: dict[str, Judgment] = {}
    asked: dict[str, UUID] = {}
    for slug, case in zip(slugs, cases, strict=True):
        asker = _actor(engine, slug, case, people, strangers)
        explained[slug] = _explain(engine, slug, asker, case)
        try:
            asked[slug] = ask(engine, asker, slug, case.trigger, reasons=case.reasons)
        except Forbidden:
            assert "role.allowed" in [unmet.code for unmet in explained[slug].unmet]
        except NotFound:
            assert "organization.own" in [unmet.code for unmet in explained[slug].unmet]
    judge(engine)
    assert {slug: _outcome(engine, request) for slug, request in asked.items()} == {
        slug: _as_stored(explained[slug]) for slug in asked
    }
    if cases == EVERY_STANDING_AND_TRIGGER:
        moves = {
            (*case.standing, explained[slug].trigger, explained[slug].target)
            for slug, case in zip(slugs, cases, strict=True)
            if explained[slug].allowed
        }
        wanted = {(e.source, e.review, e.trigger, e.target) for e in APP_EDGES if e.source != NEW}
        assert moves == wanted - NOT_BROUGHT_ABOUT


def _publish(engine: Engine, admin: Actor, observed: frozenset[str]) -> None:
    """Publishes the current policy with other observed codes. Commits."""
    with Session(engine) as session, session.begin():
        current = find_policy(session, None)
        document = current.document | {"observed": sorted(observed)}
        publish_policy(session, document, base=current.version, note="An example.", actor=admin)


def _actor(engine: Engine, slug: str, case: Case, people: People, strangers: People) -> Actor:
    actors = {
        Asker.ORDINARY: _ordinary(engine, slug, case, people),
        Asker.PARTNER: people.partner,
        Asker.STRANGER: strangers.partner,
        Asker.REVIEWER: people.reviewer,
        Asker.SERVICE: people.service,
        Asker.ADMIN: people.admin,
        Asker.SCHEDULE: SCHEDULE,
    }
    return actors[case.asker]


def _ordinary(engine: Engine, slug: str, case: Case, people: People) -> Actor:
    has_review = case.standing[1] != NO_REVIEW
    return asker_now(engine, people, slug, case.trigger) if has_review else asker_of(people, case.trigger)


def _explain(engine: Engine, slug: str, asker: Actor, case: Case) -> Judgment:
    """Returns the rulebook's judgment of the case's trigger, from its judgments of all triggers of the stored App."""
    with Session(engine) as session:
        app_id = session.scalars(text("SELECT id FROM app WHERE slug = :slug"), {"slug": slug}).one()
        facts = load_facts(session, [app_id], load_policies(session))[app_id].facts
    explained = AppRulebook().triggers_of(facts.asked_by(Ask(asker, case.reasons)))
    return {AppTrigger(one.trigger): one for one in explained}[case.trigger]


def _as_stored(judgment: Judgment) -> dict[str, Any]:
    return {
        "status": "applied" if judgment.allowed else "refused",
        "target": judgment.target,
        "unmet": [unmet.as_dict() for unmet in judgment.unmet],
        "observed": [unmet.as_dict() for unmet in judgment.observed],
    }


def _outcome(engine: Engine, request: UUID) -> dict[str, Any]:
    """Returns the outcome of the request, and the target of its transition in the log."""
    with Session(engine) as session:
        found = session.execute(
            text("""
                SELECT r.status, t.to_state AS target, r.unmet, r.observed FROM transition_request r
                  LEFT JOIN transition t ON t.app_id = r.app_id AND t.version = r.version WHERE r.id = :id
            """),
            {"id": request},
        )
        return dict(found.mappings().one())


def _execute(engine: Engine, statement: str, **values: object) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text(statement), values)
