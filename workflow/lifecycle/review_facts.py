"""The facts about reviews that rules judge: the open one with its steps, and what the latest one decided."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.lifecycle import AppTrigger, ReviewKind, StepState
from workflow.policy.document import Policy


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A review step and its state. What an `observed` one finds is shown, and decides nothing.

    No rule may ask whether a pending step is `observed`: of one that only this batch knows nobody knows it.
    """

    code: str
    state: StepState
    observed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """The open review: its kind, the version that opened it, by which policy and by whom, its holder, and its steps.

    `holder_stays`: the holder may still review, and would therefore be given the App's next round. `took_part`: who
    decided a step of it, or proposed its approval. `decider`: whose decision is appealed, and `involved`: all who had a
    part in it. `categories` are those of its submission. No rule reads `submission_digest`: it is hashed with the
    decision. It is None while only this batch knows of the submission.
    """

    kind: ReviewKind
    opened: int
    policy: Policy
    opened_by: UUID
    claimed_by: UUID | None
    steps: tuple[StepFacts, ...]
    holder_stays: bool = False
    decider: UUID | None = None
    categories: frozenset[str] = frozenset()
    involved: frozenset[UUID] = frozenset()
    took_part: frozenset[UUID] = frozenset()
    submission_digest: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def counting_steps(self) -> tuple[StepFacts, ...]:
        """The steps that decide something: neither they nor the policy say that they are only observed.

        One that is observed counts until it is decided: what it finds decides nothing, but nobody has looked before.
        """
        steps = (step for step in self.steps if step.code not in self.policy.observed)
        return tuple(step for step in steps if not step.observed or step.state is StepState.PENDING)

    @property
    def end_of_look(self) -> AppTrigger | None:
        """How a health review ends by its steps: not before all are decided, and flagged if one that counts failed."""
        if any(step.state is StepState.PENDING for step in self.steps):
            return None
        failed = any(step.state is StepState.FAILED for step in self.counting_steps)
        return AppTrigger.FLAG if failed else AppTrigger.CLEAR


@dataclass(frozen=True, slots=True)
class LastDecision:
    """The request for changes that ended the latest review, which may be appealed: by whom, when, by which policy.

    Health reviews are no such review, and neither is an appeal that is open or that a suspension has cancelled.
    `categories` are those of what was sent back, and `steps` those of its review. `took_part`: who had a part in it,
    besides its decider.
    """

    decider: UUID | None
    policy: Policy
    at: datetime = field(compare=False)
    categories: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    took_part: frozenset[UUID] = frozenset()

    @property
    def involved(self) -> frozenset[UUID]:
        """All who had a part in it, and who therefore judge no appeal of it."""
        return self.took_part if self.decider is None else self.took_part | {self.decider}
