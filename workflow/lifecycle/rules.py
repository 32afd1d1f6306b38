"""The rules of the lifecycle. A rule both guards a transition and explains what is missing for it.

To add a rule, write its judgment here, give it a code, and list it in RULES_OF. docs/extending.md has an example.
"""

from collections.abc import Callable
from dataclasses import dataclass

from models.lifecycle import AppTrigger, StepState
from workflow.errors import Unmet
from workflow.lifecycle.facts import Facts


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a rule does not hold: what is missing, what to do about it, and the facts that were judged."""

    detail: str
    remedy: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition with a stable code. Pure and total: it judges any facts and raises nothing."""

    code: str
    title: str
    judge: Callable[[Facts], Missing | None]

    def unmet(self, facts: Facts) -> Unmet | None:
        """Returns None if the rule holds, otherwise why it does not and what to do about it."""
        missing = self.judge(facts)
        if missing is None:
            return None
        return Unmet(self.code, self.title, missing.detail, missing.remedy, missing.facts)


def _access_approved(facts: Facts) -> Missing | None:
    if facts.access_approved:
        return None
    return Missing(
        "The company's request for access is not approved.",
        "Request access, or wait for the decision on your request, which shows when it is due.",
    )


def _components_present(facts: Facts) -> Missing | None:
    if facts.components:
        return None
    return Missing("The App has no Component.", "Add a subscription, a stream or a plugin.", (("components", "0"),))


def _components_tested(facts: Facts) -> Missing | None:
    untested = [component.name for component in facts.components if not component.tested]
    if not untested:
        return None
    return Missing(
        f"{len(untested)} of {len(facts.components)} Components have not passed a test since their latest change: "
        f"{', '.join(untested)}.",
        "Run the tests of each Component and fix every red result.",
        tuple((component.name, component.colour or "not tested") for component in facts.components),
    )


def _checklist_complete(facts: Facts) -> Missing | None:
    missing = facts.missing_requirements
    if not missing:
        return None
    required = len(facts.policy.required_checklist)
    return Missing(
        f"{len(missing)} of {required} requirements are missing or rejected: {', '.join(missing)}.",
        "Provide the evidence for each of them on the launch checklist, and fix what its findings name.",
        tuple((code, "missing") for code in missing),
    )


def _reasons_given(facts: Facts) -> Missing | None:
    if any(reason.text.strip() for reason in facts.ask.reasons):
        return None
    return Missing("No reason was given.", "Give at least one reason with a text.")


def _review_claimed(facts: Facts) -> Missing | None:
    if facts.review is None:
        return Missing("The App has no open review.", "Only a submitted App can be decided.")
    if facts.review.claimed_by == facts.ask.actor.id:
        return None
    held = "nobody" if facts.review.claimed_by is None else "another reviewer"
    return Missing(f"The review is held by {held}.", "Claim the review before deciding it.", (("held_by", held),))


def _steps_passed(facts: Facts) -> Missing | None:
    if facts.review is None:
        return Missing("The App has no open review.", "Only a submitted App can be decided.")
    fine = {StepState.PASSED, StepState.WARNED, StepState.WAIVED}
    steps = [step for step in facts.review.steps if step.code not in facts.review.policy.observed]
    open_steps = [step for step in steps if step.state not in fine]
    if not open_steps:
        return None
    return Missing(
        f"{len(open_steps)} of {len(steps)} review steps have not passed: "
        + ", ".join(f"{step.code} ({step.state})" for step in open_steps)
        + ".",
        "Pass or waive each of these steps, or request changes.",
        tuple((step.code, str(step.state)) for step in open_steps),
    )


def _not_own_app(facts: Facts) -> Missing | None:
    actor = facts.ask.actor
    submitted_by = facts.review.submitted_by if facts.review else None
    if actor.id not in (facts.created_by, submitted_by) and actor.organization_id != facts.organization_id:
        return None
    return Missing("The reviewer created or submitted this App, or owns it.", "Let another reviewer decide.")


def _oauth_enabled(facts: Facts) -> Missing | None:
    if facts.oauth_installed:
        return None
    return Missing(
        "No workspace has installed the App through its OAuth enable flow.",
        "Implement the flow, and install the App through it on at least one workspace.",
        (("oauth_installed", "no"),),
    )


def _customers_onboarded(facts: Facts) -> Missing | None:
    needed = facts.policy.customers_to_promote
    if facts.onboarded_customers >= needed:
        return None
    verb = "is" if facts.onboarded_customers == 1 else "are"
    return Missing(
        f"{facts.onboarded_customers} of {needed} customers {verb} onboarded.",
        "Onboard more customers; a customer counts once its workspace has enabled the App.",
        (("onboarded_customers", str(facts.onboarded_customers)), ("needed", str(needed))),
    )


ACCESS_APPROVED = Rule("access.approved", "The company has access", _access_approved)
COMPONENTS_PRESENT = Rule("components.present", "The App has a Component", _components_present)
COMPONENTS_TESTED = Rule("components.tested", "Every Component is tested", _components_tested)
CHECKLIST_COMPLETE = Rule("checklist.complete", "The launch checklist is complete", _checklist_complete)
REASONS_GIVEN = Rule("reasons.given", "The reasons for the changes are given", _reasons_given)
REASON_GIVEN = Rule("reason.given", "A reason is given", _reasons_given)
REVIEW_CLAIMED = Rule("review.claimed", "The reviewer holds the review", _review_claimed)
STEPS_PASSED = Rule("review.steps_passed", "Every review step has passed", _steps_passed)
NOT_OWN_APP = Rule("review.not_own_app", "Nobody approves their own App", _not_own_app)
OAUTH_ENABLED = Rule("oauth.enabled", "The OAuth enable flow works", _oauth_enabled)
CUSTOMERS_ONBOARDED = Rule("customers.onboarded", "Enough customers are onboarded", _customers_onboarded)

RULES_OF: dict[AppTrigger, tuple[Rule, ...]] = {
    AppTrigger.CREATE: (ACCESS_APPROVED,),
    AppTrigger.SUBMIT: (ACCESS_APPROVED, COMPONENTS_PRESENT, COMPONENTS_TESTED, CHECKLIST_COMPLETE),
    AppTrigger.WITHDRAW: (),
    AppTrigger.REQUEST_CHANGES: (REASONS_GIVEN, REVIEW_CLAIMED),
    AppTrigger.APPROVE: (STEPS_PASSED, REVIEW_CLAIMED, NOT_OWN_APP),
    AppTrigger.PROMOTE: (OAUTH_ENABLED, CUSTOMERS_ONBOARDED),
    AppTrigger.SUSPEND: (REASON_GIVEN,),
    AppTrigger.REINSTATE: (REASON_GIVEN,),
    AppTrigger.REMOVE: (REASON_GIVEN,),
}
"""The rules that each trigger must meet. All of them are judged, and a refusal names every unmet one."""
