"""The words of the process and the edges of its state machines, as data.

The database's CHECKs, the machines of `workflow` and the diagram in the docs are all made from these tables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who acts. `schedule` is the service itself; nobody can hold a token for it."""

    PARTNER = "partner"
    REVIEWER = "reviewer"
    SERVICE = "service"
    ADMIN = "admin"
    SCHEDULE = "schedule"


class AppState(StrEnum):
    """Where an App stands."""

    BUILDING = "building"
    SUBMITTED = "submitted"
    PUBLIC_BETA = "public_beta"
    PUBLIC = "public"
    SUSPENDED = "suspended"
    UNLISTED = "unlisted"
    REMOVED = "removed"


class ReviewKind(StrEnum):
    """Why an App is under review: its first launch, a revision of what is public, a new look, or an appeal."""

    FIRST = "first"
    REVISION = "revision"
    HEALTH = "health"
    APPEAL = "appeal"


NO_REVIEW: Final = "none"
"""The kind of the open review while none is open."""


class AppTrigger(StrEnum):
    """What can be asked of an App. `adopt` brings one that another system has published."""

    CREATE = "create"
    ADOPT = "adopt"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    PROMOTE = "promote"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REMOVE = "remove"
    RECHECK = "recheck"
    CLEAR = "clear"
    FLAG = "flag"
    APPEAL = "appeal"
    UNLIST = "unlist"
    RELIST = "relist"
    PROPOSE_APPROVE = "propose_approve"
    PROPOSE_REMOVE = "propose_remove"


class AccessState(StrEnum):
    """Where a request for access stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"


class AccessTrigger(StrEnum):
    """What a reviewer decides of a request for access."""

    APPROVE = "approve"
    DECLINE = "decline"


class StepState(StrEnum):
    """Where a review step stands."""

    PENDING = "pending"
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class StepTrigger(StrEnum):
    """What happens to a review step: an outcome, a waiver, another run, or the end of its review."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    WAIVE = "waive"
    RERUN = "rerun"
    CANCEL = "cancel"


class MembershipState(StrEnum):
    """Where an App stands in the partner program."""

    APPLIED = "applied"
    MEMBER = "member"
    DECLINED = "declined"
    LEFT = "left"


class MembershipTrigger(StrEnum):
    """What can be asked of a membership of the partner program."""

    APPLY = "apply"
    ACCEPT = "accept"
    DECLINE = "decline"
    LEAVE = "leave"


NEW = "new"
"""The state before birth: where `create` leads from. Nothing is ever stored in it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One legal move of a machine: `trigger` leads from `source` to `target` when one of `roles` asks."""

    trigger: str
    source: str
    target: str
    roles: frozenset[Role]


def _edges(trigger: StrEnum, sources: Iterable[str], target: StrEnum, *roles: Role) -> tuple[Edge, ...]:
    return tuple(Edge(trigger.value, str(source), target.value, frozenset(roles)) for source in sources)


@dataclass(frozen=True, slots=True)
class AppEdge(Edge):
    """One legal move of an App: it may be made while a review of kind `review` is open, and `review_after` is after it.

    Both are a ReviewKind or NO_REVIEW. A trigger leads from a state to the same target, whatever review is open.
    """

    review: str
    review_after: str


_REVIEWERS = (Role.REVIEWER, Role.ADMIN)

_LIVE = (AppState.PUBLIC_BETA, AppState.PUBLIC)
_APPROVED = (*_LIVE, AppState.SUSPENDED, AppState.UNLISTED)
_EXISTING = tuple(state for state in AppState if state is not AppState.REMOVED)
_SAME: Final = None
"""The target of a trigger that leads back to the state it is asked in."""

_NONE, _FIRST, _REVISION = NO_REVIEW, ReviewKind.FIRST.value, ReviewKind.REVISION.value
_HEALTH, _APPEAL = ReviewKind.HEALTH.value, ReviewKind.APPEAL.value
_REVIEWS_IN: Final = {
    AppState.BUILDING: (_NONE,),
    AppState.SUBMITTED: (_FIRST, _APPEAL),
    AppState.PUBLIC_BETA: (_NONE, _REVISION, _HEALTH, _APPEAL),
    AppState.PUBLIC: (_NONE, _REVISION, _HEALTH, _APPEAL),
    AppState.SUSPENDED: (_NONE, _REVISION, _APPEAL),
    AppState.UNLISTED: (_NONE, _REVISION, _APPEAL),
    AppState.REMOVED: (_NONE,),
}
"""The kinds of review that may be open in each state."""


def _app_edges(
    trigger: AppTrigger,
    sources: Iterable[AppState],
    target: AppState | None,
    reviews: Mapping[str, str],
    *roles: Role,
) -> tuple[AppEdge, ...]:
    """Returns the edges of `trigger` from `sources`. `reviews`: what is open after it, by what is open before it."""
    return tuple(
        AppEdge(trigger.value, source.value, (target or source).value, frozenset(roles), review, after)
        for source in sources
        for review, after in reviews.items()
        if review in _REVIEWS_IN[source]
    )


_KEEPS: Final = {kind: kind for kind in (_NONE, _FIRST, _REVISION, _HEALTH, _APPEAL)}
_OPENS_REVISION: Final = {_NONE: _REVISION, _HEALTH: _REVISION}
_OPENS_APPEAL: Final = {_NONE: _APPEAL, _HEALTH: _APPEAL}
_ENDS: Final = {_FIRST: _NONE, _REVISION: _NONE, _APPEAL: _NONE}
_ENDS_HEALTH: Final = {_HEALTH: _NONE}
_PROPOSES: Final = {_FIRST: _FIRST, _REVISION: _REVISION, _APPEAL: _APPEAL}

APP_EDGES: tuple[AppEdge, ...] = (
    AppEdge(AppTrigger.CREATE.value, NEW, AppState.BUILDING.value, frozenset({Role.PARTNER}), _NONE, _NONE),
    AppEdge(AppTrigger.ADOPT.value, NEW, AppState.PUBLIC_BETA.value, frozenset({Role.ADMIN}), _NONE, _NONE),
    *_app_edges(AppTrigger.SUBMIT, [AppState.BUILDING], AppState.SUBMITTED, {_NONE: _FIRST}, Role.PARTNER),
    *_app_edges(AppTrigger.SUBMIT, _APPROVED, _SAME, _OPENS_REVISION, Role.PARTNER),
    *_app_edges(AppTrigger.WITHDRAW, [AppState.SUBMITTED], AppState.BUILDING, _ENDS, Role.PARTNER),
    *_app_edges(AppTrigger.WITHDRAW, _APPROVED, _SAME, _ENDS, Role.PARTNER),
    *_app_edges(AppTrigger.REQUEST_CHANGES, [AppState.SUBMITTED], AppState.BUILDING, _ENDS, *_REVIEWERS),
    *_app_edges(AppTrigger.REQUEST_CHANGES, _APPROVED, _SAME, _ENDS, *_REVIEWERS),
    *_app_edges(
        AppTrigger.APPROVE,
        [AppState.SUBMITTED, AppState.SUSPENDED],
        AppState.PUBLIC_BETA,
        _ENDS,
        *_REVIEWERS,
    ),
    *_app_edges(AppTrigger.APPROVE, [*_LIVE, AppState.UNLISTED], _SAME, _ENDS, *_REVIEWERS),
    *_app_edges(
        AppTrigger.PROMOTE,
        [AppState.PUBLIC_BETA],
        AppState.PUBLIC,
        _KEEPS,
        *_REVIEWERS,
        Role.SCHEDULE,
        Role.SERVICE,
    ),
    *_app_edges(
        AppTrigger.SUSPEND,
        [*_LIVE, AppState.UNLISTED],
        AppState.SUSPENDED,
        {_NONE: _NONE, _REVISION: _REVISION, _HEALTH: _NONE, _APPEAL: _NONE},
        *_REVIEWERS,
    ),
    *_app_edges(
        AppTrigger.REINSTATE,
        [AppState.SUSPENDED],
        AppState.PUBLIC_BETA,
        {_NONE: _NONE, _REVISION: _REVISION, _APPEAL: _NONE},
        *_REVIEWERS,
    ),
    *_app_edges(AppTrigger.REMOVE, _EXISTING, AppState.REMOVED, dict.fromkeys(_KEEPS, _NONE), Role.ADMIN),
    *_app_edges(AppTrigger.RECHECK, _LIVE, _SAME, {_NONE: _HEALTH}, *_REVIEWERS, Role.SCHEDULE),
    *_app_edges(AppTrigger.CLEAR, _LIVE, _SAME, _ENDS_HEALTH, *_REVIEWERS, Role.SCHEDULE),
    *_app_edges(AppTrigger.FLAG, _LIVE, _SAME, _ENDS_HEALTH, *_REVIEWERS, Role.SCHEDULE),
    *_app_edges(AppTrigger.APPEAL, [AppState.BUILDING], AppState.SUBMITTED, _OPENS_APPEAL, Role.PARTNER),
    *_app_edges(AppTrigger.APPEAL, _APPROVED, _SAME, _OPENS_APPEAL, Role.PARTNER),
    *_app_edges(
        AppTrigger.UNLIST,
        _LIVE,
        AppState.UNLISTED,
        {_NONE: _NONE, _REVISION: _REVISION, _HEALTH: _NONE, _APPEAL: _APPEAL},
        Role.PARTNER,
    ),
    *_app_edges(AppTrigger.RELIST, [AppState.UNLISTED], AppState.PUBLIC_BETA, _KEEPS, Role.PARTNER),
    *_app_edges(AppTrigger.PROPOSE_APPROVE, [AppState.SUBMITTED, *_APPROVED], _SAME, _PROPOSES, *_REVIEWERS),
    *_app_edges(AppTrigger.PROPOSE_REMOVE, _EXISTING, _SAME, _KEEPS, Role.ADMIN),
)

BIRTHS: Final = (AppTrigger.CREATE, AppTrigger.ADOPT)
"""The triggers that bring an App into being. Nobody asks for them of an App that is there."""
OPENING: Final = (AppTrigger.SUBMIT, AppTrigger.RECHECK, AppTrigger.APPEAL)
"""The triggers that open a review."""
SUBMITTING: Final = (AppTrigger.SUBMIT, AppTrigger.ADOPT)
"""The triggers that freeze what was handed in. An appeal may freeze a copy, too: see `submits`."""
PROPOSALS: Final = {AppTrigger.APPROVE: AppTrigger.PROPOSE_APPROVE, AppTrigger.REMOVE: AppTrigger.PROPOSE_REMOVE}
"""What a first person asks for where the policy wants two, by what a second person asks for then."""


KEEPING: Final = {
    AppTrigger.PROPOSE_APPROVE: frozenset({AppTrigger.PROMOTE}),
    AppTrigger.PROPOSE_REMOVE: frozenset(AppTrigger)
    - {AppTrigger.REMOVE, AppTrigger.SUSPEND, AppTrigger.REINSTATE, *PROPOSALS.values()},
}
"""The moves that a proposal outlives. The company's own moves, and looks, undo no proposal to remove its App."""


_REVIEW_AFTER: Final = {(edge.trigger, edge.source, edge.review): edge.review_after for edge in APP_EDGES}


def review_after(trigger: str, source: str, review: str) -> str:
    """Returns the kind of the review that is open after a legal move, NO_REVIEW for none. Raises KeyError."""
    return _REVIEW_AFTER[trigger, source, review]


def publishes(trigger: str, source: str, review: str) -> bool:
    """Returns whether a move publishes the submission under review. The approval of a suspension's appeal does not."""
    return trigger == AppTrigger.APPROVE and (source, review) != (AppState.SUSPENDED, ReviewKind.APPEAL)


def submits(trigger: str, source: str) -> bool:
    """Returns whether a move freezes a submission: the draft, or a copy of what was sent back and is appealed."""
    return trigger in SUBMITTING or (trigger == AppTrigger.APPEAL and source != AppState.SUSPENDED)


def has_own_submission(review: str, state: str) -> bool:
    """Returns whether the open review is of a submission of its own, so that nobody may edit the draft meanwhile."""
    return review in (ReviewKind.FIRST, ReviewKind.REVISION) or (
        review == ReviewKind.APPEAL and state != AppState.SUSPENDED
    )


ACCESS_EDGES: tuple[Edge, ...] = (
    *_edges(AccessTrigger.APPROVE, [AccessState.REQUESTED], AccessState.APPROVED, *_REVIEWERS),
    *_edges(AccessTrigger.DECLINE, [AccessState.REQUESTED], AccessState.DECLINED, *_REVIEWERS),
)

_DECIDED = (StepState.PASSED, StepState.WARNED, StepState.FAILED)
_STEP_DECIDERS = (*_REVIEWERS, Role.SCHEDULE)

STEP_EDGES: tuple[Edge, ...] = (
    *_edges(StepTrigger.PASS, [StepState.PENDING], StepState.PASSED, *_STEP_DECIDERS),
    *_edges(StepTrigger.WARN, [StepState.PENDING], StepState.WARNED, *_STEP_DECIDERS),
    *_edges(StepTrigger.FAIL, [StepState.PENDING], StepState.FAILED, *_STEP_DECIDERS),
    *_edges(StepTrigger.WAIVE, [StepState.PENDING, *_DECIDED], StepState.WAIVED, *_REVIEWERS),
    *_edges(StepTrigger.RERUN, [*_DECIDED, StepState.WAIVED], StepState.PENDING, *_REVIEWERS),
    *_edges(StepTrigger.CANCEL, [StepState.PENDING], StepState.CANCELLED, Role.SCHEDULE),
)

MEMBERSHIP_EDGES: tuple[Edge, ...] = (
    *_edges(
        MembershipTrigger.APPLY,
        [NEW, MembershipState.DECLINED, MembershipState.LEFT],
        MembershipState.APPLIED,
        Role.PARTNER,
    ),
    *_edges(MembershipTrigger.ACCEPT, [MembershipState.APPLIED], MembershipState.MEMBER, *_REVIEWERS),
    *_edges(MembershipTrigger.DECLINE, [MembershipState.APPLIED], MembershipState.DECLINED, *_REVIEWERS),
    *_edges(
        MembershipTrigger.LEAVE,
        [MembershipState.APPLIED, MembershipState.MEMBER],
        MembershipState.LEFT,
        Role.PARTNER,
        *_REVIEWERS,
    ),
)


LISTED_STATES = frozenset({AppState.PUBLIC_BETA.value, AppState.PUBLIC.value})
"""The states in which an App stands in the catalog."""
