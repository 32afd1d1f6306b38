"""The facts that rules judge: everything that matters about an App, as one immutable value. `loading` reads them."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from models.checklist import Requirement
from models.component import PACKAGES
from models.lifecycle import (
    KEEPING,
    NEW,
    NO_REVIEW,
    OPENING,
    PROPOSALS,
    AppState,
    AppTrigger,
    ReviewKind,
    StepState,
    publishes,
    review_after,
)
from models.steps import COMPONENTS_REVIEWED, STEPS, StepDefinition, StepTaker
from workflow.identity.actors import SCHEDULE, Actor
from workflow.lifecycle.review_facts import LastDecision, ReviewFacts, StepFacts
from workflow.policy.document import Policy
from workflow.reasons import ONLY_REINSTATED, URGENT, Reason

URGENT_DAYS: Final = 90
"""The days over which a company's urgent revisions of an App are counted."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """A Component and the colour of the latest test of its current revision (None: not tested)."""

    name: str
    colour: str | None
    subkind: str = ""

    @property
    def tested(self) -> bool:
        return self.colour in ("green", "yellow")

    @property
    def is_form_only(self) -> bool:
        """Whether the test has seen no more than the form of what names a package."""
        return self.subkind in PACKAGES and self.colour == "yellow"


@dataclass(frozen=True, slots=True)
class SuspensionFacts:
    """The suspension under way. `only_reinstated`: no revision lifts it. `appealed`: it was, and is not again.

    `confirmed_by` is None until a second person has confirmed it.
    """

    suspended_by: UUID
    only_reinstated: bool
    appealed: bool
    at: datetime = field(compare=False)
    confirmed_by: UUID | None = None

    @property
    def involved(self) -> frozenset[UUID]:
        """The people who suspended and confirmed, and who therefore judge no appeal of it."""
        return frozenset({self.suspended_by} if self.confirmed_by is None else {self.suspended_by, self.confirmed_by})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a first person proposed, where the policy wants two people. Moves that are not KEEPING it end it.

    `stays`: the proposer may still propose it.
    """

    version: int
    trigger: AppTrigger
    proposed_by: UUID
    at: datetime = field(compare=False)
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """The actor who asks for a trigger, their reasons, and when it was asked for: None means now.

    An approval may name the day of its publication.
    """

    actor: Actor
    reasons: tuple[Reason, ...] = ()
    publish_at: datetime | None = None
    received_at: datetime | None = field(default=None, compare=False)

    @property
    def is_urgent(self) -> bool:
        """Whether a reason says that the submission is urgent."""
        return any(reason.code == URGENT for reason in self.reasons)

    @property
    def allows_only_reinstatement(self) -> bool:
        """Whether a reason for a suspension says that no revision lifts it."""
        return any(reason.code == ONLY_REINSTATED for reason in self.reasons)


_ASKED_BY_NOBODY: Final = Ask(SCHEDULE)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a rule may know about one App, and about the actor who asks.

    `policy` is the current version; the version of an open review is in `review`. `published` is the version that
    submitted what is public, 0 for nothing, and `looked_at` is when a review last found it good. `touched` names what
    the draft says otherwise. `last_reviewer` is the reviewer who requested changes last, if they may still review: the
    next round is theirs. `categories` are those of the draft, and `public_categories` those of what is published.
    `urgent_lately` counts the urgent revisions of URGENT_DAYS. `owner_id` is the company's owner. `now` is the
    database's time.
    """

    slug: str
    organization_id: UUID
    created_by: UUID
    state: str
    version: int
    access_approved: bool
    components: tuple[ComponentFacts, ...]
    checklist: frozenset[str]
    oauth_installed: bool
    onboarded_customers: int
    review: ReviewFacts | None
    policy: Policy
    last_reviewer: UUID | None = None
    published: int = 0
    touched: frozenset[str] = frozenset()
    last_decision: LastDecision | None = None
    suspension: SuspensionFacts | None = None
    proposal: Proposal | None = None
    in_grace: bool = False
    urgent_lately: int = 0
    categories: frozenset[str] = frozenset()
    public_categories: frozenset[str] = frozenset()
    owner_id: UUID | None = None
    looked_at: datetime | None = field(default=None, compare=False)
    now: datetime = field(default=_EPOCH, compare=False)
    ask: Ask = _ASKED_BY_NOBODY

    def asked_by(self, ask: Ask) -> "Facts":
        """Returns the same facts with another `ask`."""
        return Facts(*(*_ALL_BUT_ASK(self), ask))

    @property
    def proposed_at(self) -> int:
        """The version of the proposal that stands, 0 if none does."""
        return self.proposal.version if self.proposal else 0

    @property
    def open_kind(self) -> str:
        """The kind of the open review, NO_REVIEW if none is open."""
        return self.review.kind.value if self.review else NO_REVIEW

    @property
    def open_review(self) -> int:
        """The version that opened the open review, 0 if none is open."""
        return self.review.opened if self.review else 0

    def after(self, trigger: AppTrigger, target: str) -> "Facts":
        """Returns the facts after a transition, by which the next request of the same batch is judged.

        They are equal to facts loaded again. Pure.
        """
        changes: dict[str, Any] = {"state": target, "version": self.version + 1, "ask": _ASKED_BY_NOBODY}
        changes["proposal"] = self._proposal_after(trigger)
        changes |= self._review_after(trigger)
        changes |= self._publication_after(trigger)
        changes |= self._suspension_after(trigger, target)
        values = list(_ALL(self))
        for name, value in changes.items():
            values[_PLACES[name]] = value
        return Facts(*values)

    def _proposal_after(self, trigger: AppTrigger) -> Proposal | None:
        if trigger in PROPOSALS.values():
            return Proposal(self.version + 1, trigger, self.ask.actor.id, self.now)
        stands = self.proposal is not None and trigger in KEEPING[self.proposal.trigger]
        return self.proposal if stands else None

    def _review_after(self, trigger: AppTrigger) -> dict[str, Any]:
        kind = review_after(trigger, self.state, self.open_kind)
        if trigger in OPENING:
            changes: dict[str, Any] = {"review": self._opened(trigger, ReviewKind(kind))}
            if trigger is AppTrigger.SUBMIT:
                changes |= {"last_reviewer": None, "last_decision": None}
            if trigger is AppTrigger.SUBMIT and self.ask.is_urgent:
                changes["urgent_lately"] = self.urgent_lately + 1
            return changes
        if trigger is AppTrigger.PROPOSE_APPROVE and self.review is not None:
            took_part = self.review.took_part | {self.ask.actor.id}
            return {"review": replace(self.review, took_part=took_part)}
        if kind != NO_REVIEW or self.review is None:
            return {}
        if self.review.kind is ReviewKind.HEALTH:
            return {"review": None}
        if self.review.kind is ReviewKind.APPEAL and trigger in (AppTrigger.SUSPEND, AppTrigger.REMOVE):
            return {"review": None}  # cancelled: the decision can still be appealed
        asked_for = trigger is AppTrigger.REQUEST_CHANGES
        holder = self.review.claimed_by if asked_for and self.review.holder_stays else None
        decision = None
        if asked_for and self.review.kind is not ReviewKind.APPEAL:
            review = self.review
            steps = frozenset(step.code for step in review.steps)
            decision = LastDecision(
                review.claimed_by, review.policy, self.now, review.categories, steps, review.took_part
            )
        return {"review": None, "last_reviewer": holder, "last_decision": decision}

    def _opened(self, trigger: AppTrigger, kind: ReviewKind) -> ReviewFacts:
        policy, decider, holder = self.policy, None, None
        involved = frozenset[UUID]()
        if trigger is AppTrigger.SUBMIT:
            holder = self.last_reviewer
        if trigger is AppTrigger.APPEAL and self.suspension is not None:
            decider, involved = self.suspension.suspended_by, self.suspension.involved
        elif trigger is AppTrigger.APPEAL and self.last_decision is not None:
            decider, policy = self.last_decision.decider, self.last_decision.policy
            involved = self.last_decision.involved
        steps = tuple(StepFacts(code, StepState.PENDING) for code in sorted(self.steps_of(trigger, kind, policy)))
        return ReviewFacts(
            kind=kind,
            opened=self.version + 1,
            policy=policy,
            opened_by=self.ask.actor.id,
            claimed_by=holder,
            steps=steps,
            holder_stays=holder is not None,
            decider=decider,
            involved=involved,
            categories=self._categories_under_review(trigger),
        )

    def _categories_under_review(self, trigger: AppTrigger) -> frozenset[str]:
        if trigger is AppTrigger.SUBMIT:
            return self.categories
        copies = trigger is AppTrigger.APPEAL and self.suspension is None
        return self.last_decision.categories if copies and self.last_decision else self.public_categories

    def steps_of(self, trigger: AppTrigger, kind: ReviewKind, policy: Policy) -> tuple[str, ...]:
        """Returns the steps of a review that `trigger` opens now.

        If a test has seen only the form of a Component, a person reviews the Components, whatever the policy says. A
        revision has all machine's steps, and people's where the draft touches what they are about or the policy always
        wants them. A health review has those that may look again, the appeal of a request for changes those of the
        review that ended so, and the appeal of a suspension none. Steps that are no longer defined are in no new
        review, and those that only look again in health reviews alone.
        """
        if trigger is AppTrigger.APPEAL and self.suspension is not None:
            return ()
        if trigger is AppTrigger.APPEAL and self.last_decision is not None:
            return tuple(code for code in STEPS if code in self.last_decision.steps)
        if kind is ReviewKind.HEALTH:
            return steps_of_looks(policy)
        codes = dict.fromkeys(policy.review_steps)
        if any(component.is_form_only for component in self.components):
            codes[COMPONENTS_REVIEWED] = None
        steps = [STEPS[code] for code in codes if code in STEPS and STEPS[code].in_reviews]
        if kind is ReviewKind.REVISION:
            steps = [step for step in steps if self._is_in_revision(step, policy)]
        return tuple(step.code for step in steps)

    def _is_in_revision(self, step: StepDefinition, policy: Policy) -> bool:
        is_machines = step.taken_by is StepTaker.MACHINE
        return is_machines or step.code in policy.revision_steps or step.requirement.value in self.touched

    def _publication_after(self, trigger: AppTrigger) -> dict[str, Any]:
        if trigger is AppTrigger.ADOPT:
            return {"published": self.version + 1, "looked_at": self.now}
        if trigger is AppTrigger.CLEAR:
            return {"looked_at": self.now, "in_grace": False}
        if trigger is AppTrigger.FLAG:
            return {"in_grace": True}
        if not publishes(trigger, self.state, self.open_kind) or self.review is None:
            return {}
        changes: dict[str, Any] = {
            "published": self.review.opened,
            "looked_at": self.now,
            "in_grace": False,
            "public_categories": self.review.categories,
        }
        return changes if self.review.kind is ReviewKind.APPEAL else changes | {"touched": frozenset()}

    def _suspension_after(self, trigger: AppTrigger, target: str) -> dict[str, Any]:
        if trigger is AppTrigger.SUSPEND:
            suspension = SuspensionFacts(self.ask.actor.id, self.ask.allows_only_reinstatement, False, self.now)
            return {"suspension": suspension, "in_grace": False}
        if target == AppState.REMOVED:
            return {"suspension": None, "in_grace": False}
        if self.suspension is None:
            return {}
        if target != AppState.SUSPENDED:
            return {"suspension": None}
        return {"suspension": replace(self.suspension, appealed=True)} if trigger is AppTrigger.APPEAL else {}

    @property
    def missing_requirements(self) -> tuple[str, ...]:
        """The codes of required evidence that is missing or rejected, in the order of the checklist."""
        required = set(self.policy.required_checklist)
        return tuple(code for code in Requirement if code in required and code not in self.checklist)


def steps_of_looks(policy: Policy) -> tuple[str, ...]:
    """Returns the steps by which the policy has an App looked at again after its launch."""
    return tuple(code for code in policy.review_steps if code in STEPS and STEPS[code].in_health_reviews)


_ALL = attrgetter(*(one.name for one in fields(Facts)))
_ALL_BUT_ASK = attrgetter(*(one.name for one in fields(Facts) if one.name != "ask"))
"""Used for every request of a batch: it takes a third of the time of `replace`. `ask` must be the last field."""
_PLACES: Final = {one.name: place for place, one in enumerate(fields(Facts))}


def facts_of_new_app(*, slug: str, organization_id: UUID, access_approved: bool, policy: Policy, actor: Actor) -> Facts:
    """Returns the facts by which `create` is judged: an App with nothing in it yet."""
    return Facts(
        slug=slug,
        organization_id=organization_id,
        created_by=actor.id,
        state=NEW,
        version=0,
        access_approved=access_approved,
        components=(),
        checklist=frozenset(),
        oauth_installed=False,
        onboarded_customers=0,
        review=None,
        policy=policy,
        ask=Ask(actor),
    )
