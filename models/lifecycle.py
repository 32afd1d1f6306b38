"""The words of the process and the edges of its state machines, as data.

The database's CHECKs, the machines of `workflow` and the diagram in the docs are all made from these tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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
    REMOVED = "removed"


class AppTrigger(StrEnum):
    """What can be asked of an App."""

    CREATE = "create"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    PROMOTE = "promote"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REMOVE = "remove"


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


_REVIEWERS = (Role.REVIEWER, Role.ADMIN)

APP_EDGES: tuple[Edge, ...] = (
    *_edges(AppTrigger.CREATE, [NEW], AppState.BUILDING, Role.PARTNER),
    *_edges(AppTrigger.SUBMIT, [AppState.BUILDING], AppState.SUBMITTED, Role.PARTNER),
    *_edges(AppTrigger.WITHDRAW, [AppState.SUBMITTED], AppState.BUILDING, Role.PARTNER),
    *_edges(AppTrigger.REQUEST_CHANGES, [AppState.SUBMITTED], AppState.BUILDING, *_REVIEWERS),
    *_edges(AppTrigger.APPROVE, [AppState.SUBMITTED], AppState.PUBLIC_BETA, *_REVIEWERS),
    *_edges(AppTrigger.PROMOTE, [AppState.PUBLIC_BETA], AppState.PUBLIC, *_REVIEWERS, Role.SCHEDULE, Role.SERVICE),
    *_edges(AppTrigger.SUSPEND, [AppState.PUBLIC_BETA, AppState.PUBLIC], AppState.SUSPENDED, *_REVIEWERS),
    *_edges(AppTrigger.REINSTATE, [AppState.SUSPENDED], AppState.PUBLIC_BETA, *_REVIEWERS),
    *_edges(
        AppTrigger.REMOVE,
        [state for state in AppState if state is not AppState.REMOVED],
        AppState.REMOVED,
        Role.ADMIN,
    ),
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
