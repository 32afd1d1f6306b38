"""What each rule means: facts that just meet it, and facts that just do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.checklist import Requirement
from models.lifecycle import AppTrigger, ReviewKind, Role, StepState
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.facts import Ask, ComponentFacts, Facts, Proposal, SuspensionFacts
from workflow.lifecycle.review_facts import LastDecision, ReviewFacts, StepFacts
from workflow.lifecycle.rules import (
    MACHINE_OR_HOLDER,
    RULES_OF,
    STEP_FAILED,
    TWO_PEOPLE_APPROVE,
    TWO_PEOPLE_REMOVE,
    Rule,
)
from workflow.policy.document import Policy, parse_policy
from workflow.policy.parts import PARTS
from workflow.profile.loading import load_profile
from workflow.reasons import Reason

COMPANY, AUTHOR, SUBMITTER, REVIEWER, OTHER = (UUID(int=number) for number in range(1, 6))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULES = {rule.code: rule for rules in RULES_OF.values() for rule in rules}
POLICY = Policy(
    version=1,
    review_business_days=2,
    due_soon_hours=8,
    time_zone="Europe/Berlin",
    country=None,
    subdivision=None,
    customers_to_promote=3,
    required_checklist=(Requirement.APP_INFO.value, Requirement.TEST_ACCOUNT.value),
    review_steps=("partner_documentation", "end_to_end_check"),
    observed=frozenset(),
)
PASSED = (StepFacts("partner_documentation", StepState.PASSED), StepFacts("end_to_end_check", StepState.PASSED))
OBSERVED = (StepFacts("partner_documentation", StepState.FAILED, observed=True), PASSED[1])
NOT_LOOKED_YET = (replace(OBSERVED[0], state=StepState.PENDING), PASSED[1])
REVIEW = ReviewFacts(
    kind=ReviewKind.FIRST, opened=2, policy=POLICY, opened_by=SUBMITTER, claimed_by=REVIEWER, steps=PASSED
)
FINE = Facts(
    slug="acme",
    organization_id=COMPANY,
    created_by=AUTHOR,
    state="submitted",
    version=2,
    access_approved=True,
    components=(ComponentFacts("hook", "green"), ComponentFacts("plugin", "yellow")),
    checklist=frozenset(POLICY.required_checklist),
    oauth_installed=True,
    onboarded_customers=3,
    review=REVIEW,
    policy=POLICY,
    last_decision=LastDecision(OTHER, POLICY, NOW),
    owner_id=REVIEWER,
    looked_at=NOW,
    now=NOW,
    ask=Ask(Actor(REVIEWER, Role.REVIEWER, None), (Reason("other", "because"),)),
)


def _by(actor_id: UUID, organization_id: UUID | None = None) -> dict[str, Any]:
    return {"ask": Ask(Actor(actor_id, Role.REVIEWER, organization_id), FINE.ask.reasons)}


def _with_step(state: StepState) -> dict[str, Any]:
    return {"review": replace(REVIEW, steps=(PASSED[0], replace(PASSED[1], state=state)))}


def _reasons(*texts: str) -> dict[str, Any]:
    return {"ask": replace(FINE.ask, reasons=tuple(Reason("other", text) for text in texts))}


def _live(**changes: Any) -> dict[str, Any]:
    """Returns what makes a published App under a revision of the facts, with other changes."""
    return {
        "state": "public",
        "published": 2,
        "touched": frozenset({"name"}),
        "review": replace(REVIEW, kind=ReviewKind.REVISION, opened=5),
        **changes,
    }


def _urgent(words: str) -> dict[str, Any]:
    return {"ask": replace(FINE.ask, reasons=(Reason("urgent", words),))}


def _appeal(decider: UUID, *involved: UUID) -> dict[str, Any]:
    return {"review": replace(REVIEW, kind=ReviewKind.APPEAL, decider=decider, involved=frozenset(involved))}


def _suspended(*, only_reinstated: bool = False, appealed: bool = False, days: int = 0) -> dict[str, Any]:
    suspension = SuspensionFacts(OTHER, only_reinstated, appealed, NOW - timedelta(days=days))
    return _live(state="suspended", suspension=suspension)


def _proposed(trigger: AppTrigger, proposer: UUID = OTHER, days: int = 0, *, stays: bool = True) -> dict[str, Any]:
    return {"proposal": Proposal(1, trigger, proposer, NOW - timedelta(days=days), stays)}


APPROVE, REMOVE = AppTrigger.PROPOSE_APPROVE, AppTrigger.PROPOSE_REMOVE
BANKING = {
    "policy": replace(POLICY, two_people_categories=("Banking",), two_people_to_remove=True),
    "review": replace(REVIEW, categories=frozenset({"Banking", "Analytics"})),
}
_ANALYTICS = {"review": replace(REVIEW, categories=frozenset({"Analytics"}))}
BIG = {"policy": replace(POLICY, two_people_customers=3)}

OBSERVING = replace(REVIEW, policy=replace(POLICY, observed=frozenset({"end_to_end_check"})))

UNMET: list[tuple[str, dict[str, Any]]] = [
    ("access.approved", {"access_approved": False}),
    ("components.present", {"components": ()}),
    ("components.tested", {"components": (ComponentFacts("hook", "green"), ComponentFacts("plugin", "red"))}),
    ("components.tested", {"components": (ComponentFacts("hook", None),)}),
    ("checklist.complete", {"checklist": frozenset({Requirement.APP_INFO.value})}),
    ("reasons.given", _reasons()),
    ("reasons.given", _reasons("", " ")),
    ("reason.given", _reasons("\t")),
    ("review.claimed", _by(OTHER)),
    ("review.claimed", {"review": replace(REVIEW, claimed_by=None)}),
    ("review.claimed", {"review": None}),
    ("review.steps_passed", _with_step(StepState.PENDING)),
    ("review.steps_passed", _with_step(StepState.FAILED)),
    ("review.steps_passed", {"review": replace(REVIEW, steps=NOT_LOOKED_YET)}),
    ("review.steps_passed", {"review": None}),
    ("review.not_own_app", _by(AUTHOR)),
    ("review.not_own_app", _by(SUBMITTER)),
    ("review.not_own_app", _by(OTHER, COMPANY)),
    ("oauth.enabled", {"oauth_installed": False}),
    ("customers.onboarded", {"onboarded_customers": 2}),
    ("draft.changed", _live(touched=frozenset())),
    ("urgent.bounded", _urgent("A fix.")),
    ("urgent.bounded", _live() | _urgent(" ")),
    ("urgent.bounded", _live(urgent_lately=2) | _urgent("A fix.")),
    ("appeal.uninvolved", _appeal(REVIEWER)),
    ("appeal.uninvolved", _appeal(OTHER, REVIEWER)),
    ("suspension.answered", _suspended() | _reasons()),
    ("suspension.answered", _suspended(only_reinstated=True)),
    ("suspension.answered", _suspended() | {"ask": replace(FINE.ask, received_at=NOW)}),
    ("review.step_failed", {"review": None}),
    ("review.step_failed", {"review": replace(REVIEW, steps=OBSERVED)}),
    ("review.steps_to_look_by", {"policy": replace(POLICY, review_steps=("end_to_end_check",))}),
    ("appeal.decision", {"last_decision": None}),
    ("appeal.decision", _suspended(appealed=True)),
    ("appeal.in_time", {"last_decision": LastDecision(OTHER, POLICY, NOW - timedelta(days=31))}),
    ("appeal.in_time", _suspended(days=31)),
    ("owner.asks", {"owner_id": OTHER}),
    ("owner.asks", {"owner_id": None}),
    ("grace.none", {"in_grace": True}),
    ("publication.mends_at_once", {"in_grace": True, "ask": replace(FINE.ask, publish_at=NOW + timedelta(days=1))}),
    ("published.recent", {"looked_at": NOW - timedelta(days=181)}),
    ("published.recent", {"looked_at": None}),
]
TWO_PEOPLE: list[tuple[Rule, dict[str, Any], bool]] = [
    (TWO_PEOPLE_APPROVE, BANKING, False),
    (TWO_PEOPLE_APPROVE, BANKING | _proposed(APPROVE), True),
    (TWO_PEOPLE_APPROVE, BANKING | _proposed(APPROVE, REVIEWER), False),
    (TWO_PEOPLE_APPROVE, BANKING | _proposed(APPROVE, days=8), False),
    (TWO_PEOPLE_APPROVE, BANKING | _proposed(REMOVE), False),
    (TWO_PEOPLE_APPROVE, BANKING | _ANALYTICS, True),
    (TWO_PEOPLE_APPROVE, BANKING | _ANALYTICS | {"public_categories": frozenset({"Banking"})}, False),
    (TWO_PEOPLE_APPROVE, BANKING | _proposed(APPROVE, stays=False), False),
    (TWO_PEOPLE_APPROVE, BIG, False),
    (TWO_PEOPLE_APPROVE, BIG | {"onboarded_customers": 2}, True),
    (TWO_PEOPLE_APPROVE, BIG | _suspended() | _appeal(OTHER), True),
    (TWO_PEOPLE_REMOVE, BANKING, False),
    (TWO_PEOPLE_REMOVE, BANKING | _proposed(REMOVE), True),
    (TWO_PEOPLE_REMOVE, BIG | _proposed(APPROVE), False),
    (TWO_PEOPLE_REMOVE, {}, True),
]
"""A rule of two people, facts, and whether it holds."""
MET: list[tuple[str, dict[str, Any]]] = [
    ("draft.changed", {"touched": frozenset()}),
    ("urgent.bounded", _live(urgent_lately=1) | _urgent("A fix.")),
    ("appeal.uninvolved", _appeal(OTHER, OTHER)),
    ("suspension.answered", _suspended()),
    ("suspension.answered", _suspended() | {"ask": replace(FINE.ask, received_at=NOW + timedelta(seconds=1))}),
    ("suspension.answered", _suspended() | _reasons() | _appeal(OTHER)),
    ("review.step_failed", _with_step(StepState.FAILED)),
    ("appeal.decision", _suspended() | {"last_decision": None}),
    ("appeal.in_time", {"last_decision": LastDecision(OTHER, POLICY, NOW - timedelta(days=30))}),
    ("publication.mends_at_once", {"in_grace": True}),
    ("publication.mends_at_once", {"ask": replace(FINE.ask, publish_at=NOW + timedelta(days=1))}),
    ("published.recent", {"looked_at": NOW - timedelta(days=180)}),
    ("checklist.complete", {"checklist": frozenset({*POLICY.required_checklist, Requirement.REPLAY_INFO.value})}),
    ("reasons.given", _reasons("", "because")),
    ("review.steps_passed", {"review": replace(REVIEW, steps=OBSERVED)}),
    ("review.steps_passed", _with_step(StepState.WARNED)),
    ("review.steps_passed", _with_step(StepState.WAIVED)),
    ("review.steps_passed", {"review": replace(OBSERVING, steps=_with_step(StepState.FAILED)["review"].steps)}),
    ("review.not_own_app", _by(OTHER, OTHER)),
    ("customers.onboarded", {"onboarded_customers": 4}),
    ("customers.onboarded", {"onboarded_customers": 0, "policy": replace(POLICY, customers_to_promote=0)}),
]


@pytest.mark.parametrize("code", sorted(set(RULES) - {STEP_FAILED.code}))
def test_every_rule_holds_for_an_app_that_lacks_nothing(code: str) -> None:
    assert RULES[code].unmet(FINE) is None


@pytest.mark.parametrize(("code", "changed"), UNMET)
def test_a_rule_is_unmet_by_the_facts_that_it_exists_to_stop(code: str, changed: dict[str, Any]) -> None:
    unmet = RULES[code].unmet(replace(FINE, **changed))
    assert unmet is not None
    assert unmet.code == code


@pytest.mark.parametrize(("code", "changed"), MET)
def test_a_rule_stops_nothing_else(code: str, changed: dict[str, Any]) -> None:
    assert RULES[code].unmet(replace(FINE, **changed)) is None


@pytest.mark.parametrize(("rule", "changed", "holds"), TWO_PEOPLE)
def test_two_people_decide_where_the_policy_wants_it(rule: Rule, changed: dict[str, Any], holds: bool) -> None:
    assert (rule.unmet(replace(FINE, **changed)) is None) == holds


def test_the_schedule_ends_no_look_that_somebody_holds() -> None:
    look = replace(REVIEW, kind=ReviewKind.HEALTH)
    for holder, met in ((None, True), (REVIEWER, False), (OTHER, False)):
        facts = replace(FINE, review=replace(look, claimed_by=holder), ask=replace(FINE.ask, actor=SCHEDULE))
        assert (MACHINE_OR_HOLDER.unmet(facts) is None) == met


def test_every_rule_stops_something() -> None:
    stopping = {code for code, _ in UNMET} | {rule.code for rule, _, holds in TWO_PEOPLE if not holds}
    assert stopping == set(RULES)


@pytest.mark.parametrize("category", load_profile().platform.categories)
def test_a_policy_can_name_each_category_of_the_platform(category: str) -> None:
    document = {part: getattr(POLICY, part) for part in PARTS} | {"two_people_categories": [category]}
    document |= {part: list(value) for part, value in document.items() if isinstance(value, tuple | frozenset)}
    assert parse_policy(2, document).two_people_categories == (category,)


def test_a_companys_own_moves_and_looks_undo_no_proposal_to_remove_its_app() -> None:
    facts = replace(FINE, state="public_beta", published=2, review=None, **_proposed(REMOVE))
    for trigger in (AppTrigger.SUBMIT, AppTrigger.UNLIST, AppTrigger.RECHECK, AppTrigger.APPEAL):
        target = {AppTrigger.UNLIST: "unlisted"}.get(trigger, "public_beta")
        assert facts.after(trigger, target).proposal == facts.proposal
    assert facts.after(AppTrigger.SUSPEND, "suspended").proposal is None
    approving = replace(facts, review=replace(REVIEW, kind=ReviewKind.REVISION), **_proposed(APPROVE))
    assert approving.after(AppTrigger.PROMOTE, "public").proposal == approving.proposal
    assert approving.after(AppTrigger.UNLIST, "unlisted").proposal is None
