"""The facts that rules judge: everything that matters about an App, as one immutable value. `loading` reads them."""

from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from uuid import UUID

from models.checklist import Requirement
from models.lifecycle import NEW, AppTrigger, StepState
from workflow.identity.actors import SCHEDULE, Actor
from workflow.policy.document import Policy
from workflow.reasons import Reason


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """A Component and the colour of the latest test of its current revision (None: not tested)."""

    name: str
    colour: str | None

    @property
    def tested(self) -> bool:
        return self.colour in ("green", "yellow")


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A review step and its state."""

    code: str
    state: StepState


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """The open review: the policy and the person of its submission, its holder, and its steps.

    `holder_stays`: the holder may still review, and would therefore be given the App's next round. No rule reads
    `submission_digest`: it is hashed with the decision. It is None while only this batch knows of the submission.
    """

    policy: Policy
    submitted_by: UUID
    claimed_by: UUID | None
    steps: tuple[StepFacts, ...]
    holder_stays: bool = False
    submission_digest: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """The actor who asks for a trigger, and their reasons."""

    actor: Actor
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a rule may know about one App, and about the actor who asks.

    `policy` is the current version; the version of an open review is in `review`. While the App is building,
    `last_reviewer` is the reviewer who requested changes last, if they may still review: the next round is theirs.
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
    ask: Ask = Ask(SCHEDULE)

    def asked_by(self, ask: Ask) -> "Facts":
        """Returns the same facts with another `ask`."""
        return Facts(*(*_ALL_BUT_ASK(self), ask))

    def after(self, trigger: AppTrigger, target: str) -> "Facts":
        """Returns the facts after a transition, by which the next request of the same batch is judged.

        They are equal to facts loaded again. Pure.
        """
        review, last_reviewer = None, None
        if trigger is AppTrigger.REQUEST_CHANGES and self.review is not None and self.review.holder_stays:
            last_reviewer = self.review.claimed_by
        if trigger is AppTrigger.SUBMIT:
            steps = tuple(StepFacts(code, StepState.PENDING) for code in sorted(self.policy.review_steps))
            keeps = self.last_reviewer is not None
            review = ReviewFacts(self.policy, self.ask.actor.id, self.last_reviewer, steps, keeps)
        return replace(
            self,
            state=target,
            version=self.version + 1,
            review=review,
            last_reviewer=last_reviewer,
            ask=Ask(SCHEDULE),
        )

    @property
    def missing_requirements(self) -> tuple[str, ...]:
        """The codes of required evidence that is missing or rejected, in the order of the checklist."""
        required = set(self.policy.required_checklist)
        return tuple(code for code in Requirement if code in required and code not in self.checklist)


_ALL_BUT_ASK = attrgetter(*(one.name for one in fields(Facts) if one.name != "ask"))
"""Used for every request of a batch: it takes a third of the time of `replace`. `ask` must be the last field."""


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
