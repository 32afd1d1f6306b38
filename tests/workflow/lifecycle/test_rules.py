"""The rules and the state machines: pure, total and consistent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.checklist import Requirement
from models.lifecycle import (
    APP_EDGES,
    BIRTHS,
    NEW,
    NO_REVIEW,
    PROPOSALS,
    STEP_EDGES,
    AppState,
    AppTrigger,
    ReviewKind,
    Role,
    StepState,
    StepTrigger,
)
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.facts import Ask, ComponentFacts, Facts, Proposal, SuspensionFacts
from workflow.lifecycle.promotion import meets_counts
from workflow.lifecycle.review_facts import LastDecision, ReviewFacts, StepFacts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import RULES_OF
from workflow.machines import judge_membership, judge_step
from workflow.policy.document import Policy
from workflow.reasons import Reason

RULEBOOK = AppRulebook()
IDS = [UUID(int=number) for number in range(1, 5)]
CODES = sorted({rule.code for rules in RULES_OF.values() for rule in rules})
ids = st.sampled_from(IDS)
policies = st.builds(
    Policy,
    version=st.integers(1, 9),
    review_business_days=st.just(2),
    due_soon_hours=st.just(8),
    time_zone=st.just("Europe/Berlin"),
    country=st.none(),
    subdivision=st.none(),
    customers_to_promote=st.integers(0, 5),
    required_checklist=st.lists(st.sampled_from([r.value for r in Requirement][1:]), unique=True).map(tuple),
    review_steps=st.just(("partner_documentation", "end_to_end_check")),
    observed=st.frozensets(st.sampled_from(CODES), max_size=2),
)
reviews = st.builds(
    ReviewFacts,
    kind=st.sampled_from(ReviewKind),
    opened=st.integers(1, 100),
    policy=policies,
    opened_by=ids,
    claimed_by=st.none() | ids,
    steps=st.lists(st.builds(StepFacts, st.sampled_from(["a", "b", "c"]), st.sampled_from(StepState)), max_size=3).map(
        tuple
    ),
)
asks = st.builds(
    Ask,
    actor=st.builds(Actor, id=ids, role=st.sampled_from(Role), organization_id=st.none() | ids),
    reasons=st.lists(st.builds(Reason, st.just("other"), st.sampled_from(["", " ", "because"])), max_size=2).map(tuple),
)
times = st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in (0, 20, 300)])


def _possible(facts: Facts) -> Facts:
    """Returns the facts with an open review of a kind that the state can have."""
    kinds = sorted({edge.review for edge in APP_EDGES if edge.source == facts.state} or {NO_REVIEW})
    review = facts.review
    if NO_REVIEW not in kinds and review is None:
        review = ReviewFacts(ReviewKind(kinds[0]), 1, facts.policy, IDS[0], None, ())
    if review is not None and review.kind not in kinds:
        review = replace(review, kind=ReviewKind(kinds[0])) if kinds[0] != NO_REVIEW else None
    if (facts.state == AppState.SUSPENDED) != (facts.suspension is not None):
        found = SuspensionFacts(IDS[0], False, False, facts.now) if facts.state == AppState.SUSPENDED else None
        facts = replace(facts, suspension=found)
    return replace(facts, review=review)


facts_of_any_app = st.builds(
    Facts,
    slug=st.just("acme"),
    organization_id=ids,
    created_by=ids,
    state=st.sampled_from([state.value for state in AppState]),
    version=st.integers(1, 100),
    access_approved=st.booleans(),
    components=st.lists(
        st.builds(ComponentFacts, st.sampled_from(["x", "y"]), st.sampled_from([None, "green", "yellow", "red"])),
        max_size=2,
    ).map(tuple),
    checklist=st.frozensets(st.sampled_from([requirement.value for requirement in Requirement])),
    oauth_installed=st.booleans(),
    onboarded_customers=st.integers(0, 6),
    review=st.none() | reviews,
    policy=policies,
    published=st.integers(0, 2),
    touched=st.frozensets(st.sampled_from(["name", "catalog_details"])),
    last_decision=st.none() | st.builds(LastDecision, st.none() | ids, policies, times),
    suspension=st.none() | st.builds(SuspensionFacts, ids, st.booleans(), st.booleans(), times),
    proposal=st.none()
    | st.builds(Proposal, st.integers(1, 9), st.sampled_from(sorted(PROPOSALS.values())), ids, times, st.booleans()),
    in_grace=st.booleans(),
    urgent_lately=st.integers(0, 3),
    owner_id=st.none() | ids,
    looked_at=st.none() | times,
    now=times,
    ask=asks,
).map(_possible)
triggers = st.sampled_from(AppTrigger)


@given(facts_of_any_app, triggers)
def test_a_trigger_is_allowed_exactly_if_no_rule_is_unmet(facts: Facts, trigger: AppTrigger) -> None:
    judgment = RULEBOOK.judge(trigger, facts)
    assert judgment.allowed == (not judgment.unmet)
    by_hand = {rule.code for rule in RULES_OF[trigger] if rule.unmet(facts) is not None}
    structural = {one.code for one in RULEBOOK.structural_of(trigger, facts)}
    stranger = facts.ask.actor.role is Role.PARTNER and facts.ask.actor.organization_id != facts.organization_id
    own = {"organization.own"} if stranger else set()
    assert {one.code for one in judgment.unmet} == (by_hand - facts.policy.observed) | structural | own
    assert {one.code for one in judgment.observed} == by_hand & facts.policy.observed


@given(facts_of_any_app, triggers)
def test_every_unmet_rule_says_what_is_missing_and_what_to_do(facts: Facts, trigger: AppTrigger) -> None:
    judgment = RULEBOOK.judge(trigger, facts)
    for unmet in (*judgment.unmet, *judgment.observed):
        assert unmet.title
        assert unmet.detail
        assert unmet.remedy


@given(facts_of_any_app, reviews)
def test_no_judgment_depends_on_whether_a_pending_step_is_observed(facts: Facts, review: ReviewFacts) -> None:
    """Of a step that a request of the same batch has opened nobody knows it yet."""
    steps = tuple(replace(step, observed=step.state is StepState.PENDING) for step in review.steps)
    unknown, known = (replace(facts, review=one) for one in (review, replace(review, steps=steps)))
    for trigger in AppTrigger:
        for rule in RULES_OF[trigger]:
            assert rule.unmet(unknown) == rule.unmet(known)


@given(facts_of_any_app)
def test_every_trigger_of_an_app_that_exists_is_explained_once(facts: Facts) -> None:
    explained = [one.trigger for one in RULEBOOK.triggers_of(facts)]
    assert sorted(explained) == sorted(set(AppTrigger) - set(BIRTHS))


@given(facts_of_any_app, st.lists(st.tuples(triggers, asks), max_size=20))
def test_any_walk_leaves_a_legal_log(facts: Facts, walk: list[tuple[AppTrigger, Ask]]) -> None:
    edges = {(edge.source, edge.review, edge.trigger, edge.target, edge.review_after) for edge in APP_EDGES}
    for trigger, ask in walk:
        judgment = RULEBOOK.judge(trigger, facts.asked_by(ask))
        if judgment.target is None:
            continue
        after = facts.asked_by(ask).after(trigger, judgment.target)
        assert (facts.state, facts.open_kind, trigger.value, after.state, after.open_kind) in edges
        assert (after.state, after.version) == (judgment.target, facts.version + 1)
        assert after.open_review in (0, after.version, facts.open_review)
        assert after.published in (facts.published, facts.open_review)
        assert (after.published == facts.published) or trigger is AppTrigger.APPROVE
        facts = after


@given(facts_of_any_app, st.integers(-1, 1))
def test_every_app_that_may_be_promoted_meets_the_counts(facts: Facts, beyond: int) -> None:
    customers = max(0, facts.policy.customers_to_promote + beyond)
    facts = replace(facts, state=AppState.PUBLIC_BETA.value, onboarded_customers=customers).asked_by(Ask(SCHEDULE))
    if RULEBOOK.judge(AppTrigger.PROMOTE, facts).allowed:
        assert meets_counts(facts.policy, customers, facts.oauth_installed)


NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _met(state: str, review: str, trigger: AppTrigger, role: Role) -> Facts:
    """Returns facts that meet every rule of `trigger`, asked for by `role`."""
    policy = Policy(
        version=1,
        review_business_days=2,
        due_soon_hours=8,
        time_zone="Europe/Berlin",
        country=None,
        subdivision=None,
        customers_to_promote=3,
        required_checklist=(),
        review_steps=("partner_documentation",),
        observed=frozenset(),
    )
    company = IDS[0] if role is Role.PARTNER else None
    step = StepFacts("partner_documentation", StepState.FAILED if trigger is AppTrigger.FLAG else StepState.PASSED)
    return Facts(
        slug="acme",
        organization_id=IDS[0],
        created_by=IDS[1],
        state=state,
        version=1,
        access_approved=True,
        components=(ComponentFacts("x", "green"),),
        checklist=frozenset(),
        oauth_installed=True,
        onboarded_customers=3,
        review=None if review == NO_REVIEW else ReviewFacts(ReviewKind(review), 1, policy, IDS[1], IDS[2], (step,)),
        policy=policy,
        published=1,
        touched=frozenset({"name"}),
        last_decision=LastDecision(IDS[3], policy, NOW),
        suspension=SuspensionFacts(IDS[3], False, False, NOW) if state == AppState.SUSPENDED else None,
        owner_id=IDS[2],
        looked_at=NOW,
        now=NOW,
        ask=Ask(Actor(IDS[2], role, company), (Reason("other", "because"),)),
    )


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("trigger", AppTrigger)
def test_every_state_review_trigger_and_role_is_judged_as_the_table_says(trigger: AppTrigger, role: Role) -> None:
    for state, review in product(["new", *AppState], [NO_REVIEW, *ReviewKind]):
        expected = [
            edge.target
            for edge in APP_EDGES
            if (edge.source, edge.review, edge.trigger) == (str(state), review, trigger) and role in edge.roles
        ]
        judgment = RULEBOOK.judge(trigger, _met(str(state), review, trigger, role))
        assert judgment.target == (expected[0] if expected else None), (state, review)


def test_a_trigger_leads_from_a_state_to_one_target_and_with_a_review_to_one_review() -> None:
    assert len({(edge.trigger, edge.source, edge.review) for edge in APP_EDGES}) == len(APP_EDGES)
    moves = {(edge.trigger, edge.source, edge.target) for edge in APP_EDGES}
    assert len({(trigger, source) for trigger, source, _ in moves}) == len(moves)


def test_every_state_is_reached_with_every_review_that_it_has_an_edge_for() -> None:
    reached, found = set[tuple[str, str]](), {(NEW, NO_REVIEW)}
    while found - reached:
        reached |= found
        found = {(edge.target, edge.review_after) for edge in APP_EDGES if (edge.source, edge.review) in reached}
    assert {(edge.source, edge.review) for edge in APP_EDGES} | {(AppState.REMOVED.value, NO_REVIEW)} == reached
    assert len(reached - {(NEW, NO_REVIEW)}) == 18


@pytest.mark.parametrize("trigger", StepTrigger)
@pytest.mark.parametrize("state", StepState)
def test_a_review_step_moves_along_its_edges_only(state: StepState, trigger: StepTrigger) -> None:
    for role in Role:
        expected = [
            edge.target for edge in STEP_EDGES if (edge.source, edge.trigger) == (state, trigger) and role in edge.roles
        ]
        assert judge_step(trigger, state, role).target == (expected[0] if expected else None)


def test_every_state_of_a_review_step_is_reached_by_an_edge_that_some_role_may_take() -> None:
    assert {edge.target for edge in STEP_EDGES} == set(StepState)
    assert {edge.trigger for edge in STEP_EDGES if edge.roles} == set(StepTrigger)


def test_the_select_partner_program_is_for_public_apps() -> None:
    refused = judge_membership("apply", None, Role.PARTNER, app_state="public_beta")
    assert [unmet.code for unmet in refused.unmet] == ["app.public"]
    assert judge_membership("apply", None, Role.PARTNER, app_state="public").target == "applied"
