"""What rules judge: everything that matters about an App, as one frozen value. Loading lives in `loading`."""

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from uuid import UUID

from models.checklist import Requirement
from models.lifecycle import NEW, AppTrigger, StepState
from workflow.identity.actors import SCHEDULE, Actor
from workflow.policy.document import Policy
from workflow.reasons import Reason


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """A Component and the colour of its latest test of its present revision (None: not tested since)."""

    name: str
    colour: str | None

    @property
    def tested(self) -> bool:
        return self.colour in ("green", "yellow")


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A review step and where it stands."""

    code: str
    state: StepState


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """The open review: under which policy and by whom it was submitted, who holds it, and its steps.

    `holder_stays`: whoever holds it may still review, and so would take the App's next round.
    """

    policy: Policy
    submitted_by: UUID
    claimed_by: UUID | None
    steps: tuple[StepFacts, ...]
    holder_stays: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a trigger, and with which reasons."""

    actor: Actor
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """One App as it stands, and who asks. Everything that a rule may know.

    `policy` is the version current at judgment; a review's own version is in `review`. While the App is being built,
    `last_reviewer` is who asked for changes in its latest review and may still review: the next round is theirs.
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
        """Returns the same App, asked by somebody else."""
        return Facts(*(*_ALL_BUT_ASK(self), ask))

    def after(self, trigger: AppTrigger, target: str) -> "Facts":
        """Returns what the next request of the same batch is judged by. Pure; equals loading afresh."""
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


_ALL_BUT_ASK = attrgetter(*(field.name for field in fields(Facts) if field.name != "ask"))
"""Every request of a batch asks: this copies in a third of the time that `replace` takes. `ask` is the last field."""


def facts_of_new_app(*, slug: str, organization_id: UUID, access_approved: bool, policy: Policy, actor: Actor) -> Facts:
    """Returns the facts that `create` is judged by: nothing but who asks and for which company."""
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
