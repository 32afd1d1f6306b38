"""The rules of the lifecycle. A rule both guards a transition and explains what is missing for it.

To add a rule, write its judgment here, give it a code, and list it in RULES_OF. docs/extending.md has an example.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from models.lifecycle import PROPOSALS, AppState, AppTrigger, ReviewKind, Role, StepState, publishes
from models.steps import STEPS
from workflow.errors import Unmet
from workflow.lifecycle.facts import URGENT_DAYS, Facts, steps_of_looks
from workflow.lifecycle.review_facts import StepFacts
from workflow.reasons import URGENT


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
        return Missing("The App has no open review.", "There is nothing to decide: look at the App's state.")
    if facts.review.claimed_by == facts.ask.actor.id:
        return None
    held = "nobody" if facts.review.claimed_by is None else "another reviewer"
    return Missing(f"The review is held by {held}.", "Claim the review before deciding it.", (("held_by", held),))


def _steps_passed(facts: Facts) -> Missing | None:
    if facts.review is None:
        return Missing("The App has no open review.", "There is nothing to decide: look at the App's state.")
    fine = {StepState.PASSED, StepState.WARNED, StepState.WAIVED}
    steps = facts.review.counting_steps
    open_steps = [step for step in steps if step.state not in fine]
    if not open_steps:
        return None
    return Missing(
        f"{len(open_steps)} of {len(steps)} review steps have not passed: "
        + "; ".join(_named(step) for step in open_steps)
        + ".",
        "Pass or waive each of these steps, or request changes.",
        tuple((step.code, str(step.state)) for step in open_steps),
    )


def _named(step: StepFacts) -> str:
    title = STEPS[step.code].title if step.code in STEPS else step.code
    return f"{title} (failed)" if step.state is StepState.FAILED else title


def _not_own_app(facts: Facts) -> Missing | None:
    actor = facts.ask.actor
    opened_by = facts.review.opened_by if facts.review else None
    if actor.id not in (facts.created_by, opened_by) and actor.organization_id != facts.organization_id:
        return None
    return Missing("The reviewer created or submitted this App, or owns it.", "Let another reviewer decide.")


def _draft_changed(facts: Facts) -> Missing | None:
    if facts.published == 0 or facts.touched:
        return None
    return Missing("The draft says what is public already.", "Edit the App first: a revision needs a change.")


def _urgent_bounded(facts: Facts) -> Missing | None:
    if not facts.ask.is_urgent:
        return None
    if facts.published == 0:
        return Missing("Only a revision of a published App is urgent.", "Submit without the reason `urgent`.")
    if not any(reason.text.strip() for reason in facts.ask.reasons if reason.code == URGENT):
        return Missing("The reason `urgent` has no text.", "Say why it is urgent: what breaks, for whom, until when.")
    most = facts.policy.urgent_revisions
    if facts.urgent_lately < most:
        return None
    return Missing(
        f"{facts.urgent_lately} revisions of the last {URGENT_DAYS} days were urgent; {most} may be.",
        "Submit without the reason `urgent`.",
        (("urgent_revisions", str(facts.urgent_lately)), ("allowed", str(most))),
    )


def _appeal_uninvolved(facts: Facts) -> Missing | None:
    if facts.review is None or facts.review.kind is not ReviewKind.APPEAL:
        return None
    if facts.ask.actor.id != facts.review.decider and facts.ask.actor.id not in facts.review.involved:
        return None
    return Missing(
        "The reviewer had a part in the decision that is appealed.", "Release the review, and let another decide."
    )


def _two_people_approve(facts: Facts) -> Missing | None:
    review = facts.review
    if review is None or not publishes(AppTrigger.APPROVE, facts.state, review.kind):
        return None
    policy = facts.policy
    categories = frozenset(policy.two_people_categories) & (review.categories | facts.public_categories)
    if categories:
        return _proposal_missing(facts, AppTrigger.APPROVE, f"of the category {', '.join(sorted(categories))}")
    if _has_many_customers(facts):
        return _proposal_missing(facts, AppTrigger.APPROVE, f"with {facts.onboarded_customers} customers")
    return None


def _two_people_remove(facts: Facts) -> Missing | None:
    if facts.policy.two_people_to_remove:
        return _proposal_missing(facts, AppTrigger.REMOVE, "of any kind")
    if _has_many_customers(facts):
        return _proposal_missing(facts, AppTrigger.REMOVE, f"with {facts.onboarded_customers} customers")
    return None


def _has_many_customers(facts: Facts) -> bool:
    least = facts.policy.two_people_customers
    return 0 < least <= facts.onboarded_customers


def _proposal_missing(facts: Facts, trigger: AppTrigger, which: str) -> Missing | None:
    """Returns what is missing unless another person's proposal of the trigger stands."""
    wanted = PROPOSALS[trigger]
    proposal = facts.proposal
    if proposal is None or proposal.trigger is not wanted or not proposal.stays:
        detail, remedy = "nobody has proposed it", f"Propose it; then let a second person {trigger} it."
    elif facts.now - proposal.at > timedelta(days=facts.policy.proposal_days):
        detail, remedy = "the proposal has lapsed", "Propose it again."
    elif proposal.proposed_by == facts.ask.actor.id:
        detail, remedy = "the proposal is of the same person", f"Let another person {trigger} it."
    else:
        return None
    return Missing(f"Two people must {trigger} an App {which}, and {detail}.", remedy)


def _suspension_answered(facts: Facts) -> Missing | None:
    suspension = facts.suspension
    if suspension is None or facts.review is None or facts.review.kind is ReviewKind.APPEAL:
        return None
    if suspension.only_reinstated:
        return Missing(
            "The suspension is lifted by a reinstatement only, by no revision.",
            "Reinstate the App once the cause is settled, then decide the revision.",
        )
    received_at = facts.ask.received_at
    if received_at is not None and received_at <= suspension.at:
        return Missing(
            "The approval was asked for before the App was suspended, and would lift the suspension unawares.",
            "Look at the suspension, then approve the revision again and say why.",
        )
    if any(reason.text.strip() for reason in facts.ask.reasons):
        return None
    return Missing("The approval would lift the suspension, and does not say why.", "Give a reason with a text.")


def _machine_or_holder(facts: Facts) -> Missing | None:
    is_held = facts.review is not None and facts.review.claimed_by is not None
    return None if facts.ask.actor.role is Role.SCHEDULE and not is_held else _review_claimed(facts)


def _step_failed(facts: Facts) -> Missing | None:
    if facts.review is None:
        return Missing("The App has no open review.", "Ask for recheck first.")
    if any(step.state is StepState.FAILED for step in facts.review.counting_steps):
        return None
    return Missing(
        "No step of the health review that counts has failed.", "Clear the review, or let its steps run again."
    )


def _steps_to_look_by(facts: Facts) -> Missing | None:
    if steps_of_looks(facts.policy):
        return None
    return Missing(
        "The policy names no step that looks at an App after its launch.",
        "Publish a policy with such a step, or look at the App yourself.",
    )


def _decision_to_appeal(facts: Facts) -> Missing | None:
    if facts.state == AppState.SUSPENDED:
        if facts.suspension is None or not facts.suspension.appealed:
            return None
        return Missing("This suspension was appealed before.", "Submit a revision, or write to the reviewers.")
    if facts.last_decision is not None:
        return None
    return Missing(
        "There is no decision that can be appealed: only the latest review can, if it ended in a request for changes "
        "and was no appeal.",
        "Submit the App again, with the changes or with an explanation.",
    )


def _appeal_in_time(facts: Facts) -> Missing | None:
    appealed = facts.suspension if facts.state == AppState.SUSPENDED else facts.last_decision
    days = facts.policy.appeal_days
    if appealed is None or facts.now - appealed.at <= timedelta(days=days):
        return None
    return Missing(f"The decision is older than {days} days.", "Submit the App again.", (("days", str(days)),))


def _owner_asks(facts: Facts) -> Missing | None:
    if facts.ask.actor.id == facts.owner_id:
        return None
    return Missing("The person is not the owner of the company.", "Have the owner ask for it.")


def _grace_none(facts: Facts) -> Missing | None:
    if not facts.in_grace:
        return None
    settles = "an approved revision settles it: what is off the catalog is not looked at"
    if facts.state != AppState.UNLISTED:
        settles = "the next look, or an approved revision, settles it"
    return Missing(
        "The latest look at the App found something that is not mended yet.",
        f"Mend what the findings name; {settles}.",
    )


def _mended_at_once(facts: Facts) -> Missing | None:
    if facts.ask.publish_at is None or not facts.in_grace:
        return None
    return Missing(
        "What a look found in the App is still public, and would stay so until the day that the approval names.",
        "Approve without a day: what mends a finding is published at once.",
    )


def _published_recent(facts: Facts) -> Missing | None:
    days = facts.policy.relist_days
    if facts.looked_at is not None and facts.now - facts.looked_at <= timedelta(days=days):
        return None
    return Missing(
        f"Nobody has looked at the App for more than {days} days.", "Submit a revision.", (("days", str(days)),)
    )


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
DRAFT_CHANGED = Rule("draft.changed", "The draft differs from what is public", _draft_changed)
URGENT_BOUNDED = Rule("urgent.bounded", "Few revisions are urgent, and say why", _urgent_bounded)
APPEAL_UNINVOLVED = Rule("appeal.uninvolved", "Somebody else decides an appeal", _appeal_uninvolved)
TWO_PEOPLE_APPROVE = Rule("votes.two", "Two people decide", _two_people_approve)
TWO_PEOPLE_REMOVE = Rule("votes.two", "Two people decide", _two_people_remove)
SUSPENSION_ANSWERED = Rule("suspension.answered", "The suspension is answered in words", _suspension_answered)
MACHINE_OR_HOLDER = Rule("review.claimed", "The reviewer holds the review", _machine_or_holder)
STEP_FAILED = Rule("review.step_failed", "A step has failed", _step_failed)
STEPS_TO_LOOK_BY = Rule("review.steps_to_look_by", "There is a step to look by", _steps_to_look_by)
DECISION_TO_APPEAL = Rule("appeal.decision", "There is a decision to appeal", _decision_to_appeal)
APPEAL_IN_TIME = Rule("appeal.in_time", "The appeal is in time", _appeal_in_time)
OWNER_ASKS = Rule("owner.asks", "The owner asks", _owner_asks)
GRACE_NONE = Rule("grace.none", "Nothing found is left to be mended", _grace_none)
MENDED_AT_ONCE = Rule("publication.mends_at_once", "What mends a finding is published at once", _mended_at_once)
PUBLISHED_RECENT = Rule("published.recent", "The App was looked at not long ago", _published_recent)

RULES_OF: dict[AppTrigger, tuple[Rule, ...]] = {
    AppTrigger.CREATE: (ACCESS_APPROVED,),
    AppTrigger.ADOPT: (),
    AppTrigger.SUBMIT: (
        ACCESS_APPROVED,
        COMPONENTS_PRESENT,
        COMPONENTS_TESTED,
        CHECKLIST_COMPLETE,
        DRAFT_CHANGED,
        URGENT_BOUNDED,
    ),
    AppTrigger.WITHDRAW: (),
    AppTrigger.REQUEST_CHANGES: (REASONS_GIVEN, REVIEW_CLAIMED, APPEAL_UNINVOLVED),
    AppTrigger.APPROVE: (
        STEPS_PASSED,
        REVIEW_CLAIMED,
        NOT_OWN_APP,
        APPEAL_UNINVOLVED,
        SUSPENSION_ANSWERED,
        MENDED_AT_ONCE,
        TWO_PEOPLE_APPROVE,
    ),
    AppTrigger.PROMOTE: (OAUTH_ENABLED, CUSTOMERS_ONBOARDED, GRACE_NONE),
    AppTrigger.SUSPEND: (REASON_GIVEN,),
    AppTrigger.REINSTATE: (REASON_GIVEN,),
    AppTrigger.REMOVE: (REASON_GIVEN, TWO_PEOPLE_REMOVE),
    AppTrigger.RECHECK: (STEPS_TO_LOOK_BY,),
    AppTrigger.CLEAR: (STEPS_PASSED, MACHINE_OR_HOLDER),
    AppTrigger.FLAG: (STEP_FAILED, MACHINE_OR_HOLDER),
    AppTrigger.APPEAL: (REASON_GIVEN, DECISION_TO_APPEAL, APPEAL_IN_TIME),
    AppTrigger.UNLIST: (OWNER_ASKS,),
    AppTrigger.RELIST: (OWNER_ASKS, GRACE_NONE, PUBLISHED_RECENT),
    AppTrigger.PROPOSE_APPROVE: (STEPS_PASSED, REVIEW_CLAIMED, NOT_OWN_APP, APPEAL_UNINVOLVED),
    AppTrigger.PROPOSE_REMOVE: (REASON_GIVEN,),
}
"""The rules that each trigger must meet. All of them are judged, and a refusal names every unmet one."""
