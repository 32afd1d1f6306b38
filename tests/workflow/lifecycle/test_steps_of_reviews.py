"""Which steps a review has: those of the policy, and a person's where tests have seen only the form of a Component."""

from dataclasses import replace

import pytest

from models.lifecycle import AppTrigger, ReviewKind
from models.steps import COMPONENTS_REVIEWED
from tests.workflow.lifecycle.test_rule_meanings import FINE, POLICY
from workflow.lifecycle.facts import ComponentFacts

BY_FORM = replace(FINE, components=(ComponentFacts("for phones", "yellow", "android"), ComponentFacts("hook", "green")))


@pytest.mark.parametrize(
    ("component", "is_reviewed"),
    [
        (ComponentFacts("p", "yellow", "android"), True),
        (ComponentFacts("p", "yellow", "ios"), True),
        (ComponentFacts("p", "green", "ios"), False),  # a rig has run it
        (ComponentFacts("p", "yellow", "web"), False),
        (ComponentFacts("p", "yellow", "webhook"), False),
        (ComponentFacts("p", "yellow"), False),
    ],
)
def test_a_person_reviews_components_of_which_only_the_form_was_seen(
    component: ComponentFacts, is_reviewed: bool
) -> None:
    facts = replace(FINE, components=(component,))
    steps = facts.steps_of(AppTrigger.SUBMIT, ReviewKind.FIRST, POLICY)
    assert steps == (*POLICY.review_steps, *((COMPONENTS_REVIEWED,) if is_reviewed else ()))


def test_the_step_is_there_once_if_the_policy_has_it_too() -> None:
    policy = replace(POLICY, review_steps=(COMPONENTS_REVIEWED, *POLICY.review_steps))
    assert BY_FORM.steps_of(AppTrigger.SUBMIT, ReviewKind.FIRST, policy) == policy.review_steps


def test_a_revision_has_the_step_if_it_touches_the_components() -> None:
    for touched in (frozenset[str](), frozenset({"working_integration"})):
        steps = replace(BY_FORM, touched=touched).steps_of(AppTrigger.SUBMIT, ReviewKind.REVISION, POLICY)
        assert (COMPONENTS_REVIEWED in steps) == bool(touched)


def test_looks_of_machines_have_no_step_of_a_person() -> None:
    assert COMPONENTS_REVIEWED not in BY_FORM.steps_of(AppTrigger.RECHECK, ReviewKind.HEALTH, POLICY)
