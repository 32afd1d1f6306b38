"""What each rule means: facts that just meet it, and facts that just do not."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from models.checklist import Requirement
from models.lifecycle import Role, StepState
from workflow.identity.actors import Actor
from workflow.lifecycle.facts import Ask, ComponentFacts, Facts, ReviewFacts, StepFacts
from workflow.lifecycle.rules import RULES_OF
from workflow.policy.document import Policy
from workflow.reasons import Reason

COMPANY, AUTHOR, SUBMITTER, REVIEWER, OTHER = (UUID(int=number) for number in range(1, 6))
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
REVIEW = ReviewFacts(policy=POLICY, submitted_by=SUBMITTER, claimed_by=REVIEWER, steps=PASSED)
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
    ask=Ask(Actor(REVIEWER, Role.REVIEWER, None), (Reason("other", "because"),)),
)


def _by(actor_id: UUID, organization_id: UUID | None = None) -> dict[str, Any]:
    return {"ask": Ask(Actor(actor_id, Role.REVIEWER, organization_id), FINE.ask.reasons)}


def _with_step(state: StepState) -> dict[str, Any]:
    return {"review": replace(REVIEW, steps=(PASSED[0], replace(PASSED[1], state=state)))}


def _reasons(*texts: str) -> dict[str, Any]:
    return {"ask": replace(FINE.ask, reasons=tuple(Reason("other", text) for text in texts))}


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
    ("review.steps_passed", {"review": None}),
    ("review.not_own_app", _by(AUTHOR)),
    ("review.not_own_app", _by(SUBMITTER)),
    ("review.not_own_app", _by(OTHER, COMPANY)),
    ("oauth.enabled", {"oauth_installed": False}),
    ("customers.onboarded", {"onboarded_customers": 2}),
]
MET: list[tuple[str, dict[str, Any]]] = [
    ("checklist.complete", {"checklist": frozenset({*POLICY.required_checklist, Requirement.REPLAY_INFO.value})}),
    ("reasons.given", _reasons("", "because")),
    ("review.steps_passed", _with_step(StepState.WARNED)),
    ("review.steps_passed", _with_step(StepState.WAIVED)),
    ("review.steps_passed", {"review": replace(OBSERVING, steps=_with_step(StepState.FAILED)["review"].steps)}),
    ("review.not_own_app", _by(OTHER, OTHER)),
    ("customers.onboarded", {"onboarded_customers": 4}),
    ("customers.onboarded", {"onboarded_customers": 0, "policy": replace(POLICY, customers_to_promote=0)}),
]


@pytest.mark.parametrize("code", sorted(RULES))
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


def test_every_rule_stops_something() -> None:
    assert {code for code, _ in UNMET} == set(RULES)
