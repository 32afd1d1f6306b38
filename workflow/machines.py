"""The state machines of access requests, review steps and memberships, and the base of the App's machine."""

from dataclasses import dataclass
from functools import cached_property

from transitions import EventData, Machine

from models.lifecycle import (
    ACCESS_EDGES,
    MEMBERSHIP_EDGES,
    NEW,
    STEP_EDGES,
    Edge,
    Role,
)
from workflow.errors import Unmet


@dataclass(frozen=True, slots=True)
class Judgment:
    """The result of judging a trigger: the state it leads to, or every unmet rule. `observed` rules do not block it."""

    trigger: str
    source: str
    target: str | None
    unmet: tuple[Unmet, ...] = ()
    observed: tuple[Unmet, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.target is not None


class _Subject:
    """The object whose state a machine changes during one judgment. Rows are never registered with a machine."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def _no_rule_unmet(event: EventData) -> bool:
    return bool(event.kwargs["met"])


class Rulebook:
    """The edges of a state machine, as one shared `transitions` machine without a model."""

    def __init__(self, edges: tuple[Edge, ...]) -> None:
        self.edges = edges
        self._by_move = {(edge.trigger, edge.source): edge for edge in edges}
        self._edges_of: dict[str, list[Edge]] = {}
        for edge in edges:
            self._edges_of.setdefault(edge.trigger, []).append(edge)
        self._roles_of = {
            trigger: frozenset[Role]().union(*(edge.roles for edge in led)) for trigger, led in self._edges_of.items()
        }
        self._answers: dict[tuple[str, str, bool], str | None] = {}

    @cached_property
    def machine(self) -> Machine:
        """The `transitions` machine. Each move has one condition: that no rule is unmet."""
        states = dict.fromkeys(state for edge in self.edges for state in (edge.source, edge.target))
        moves = dict.fromkeys((edge.trigger, edge.source, edge.target) for edge in self.edges)
        return Machine(
            model=None,
            initial=None,
            auto_transitions=False,
            send_event=True,
            states=list(states),
            transitions=[
                {"trigger": trigger, "source": source, "dest": target, "conditions": [_no_rule_unmet]}
                for trigger, source, target in moves
            ],
        )

    def structural(self, trigger: str, state: str, role: Role) -> list[Unmet]:
        """Returns the unmet conditions that every trigger has: a state that it leads from, and a role that may ask."""
        unmet = []
        if (trigger, state) not in self._by_move:
            sources = ", ".join(dict.fromkeys(edge.source for edge in self._edges_of.get(trigger, ())))
            unmet.append(
                Unmet(
                    "state.allows",
                    "The state allows it",
                    f"{trigger} is possible from {sources or 'no state'}; the state is {state}.",
                    "Ask for a trigger that this state allows; the App's list of triggers shows them.",
                    (("state", state),),
                )
            )
        return [*unmet, *self._role_unmet(trigger, role, self._roles_of.get(trigger, frozenset()))]

    @staticmethod
    def _role_unmet(trigger: str, role: Role, roles: frozenset[Role]) -> list[Unmet]:
        if role in roles:
            return []
        return [
            Unmet(
                "role.allowed",
                "The role may ask for it",
                f"{trigger} may be asked for by {', '.join(sorted(roles)) or 'nobody'}, not by {role}.",
                "Have somebody with such a role ask for it.",
                (("role", str(role)),),
            )
        ]

    def move(self, trigger: str, state: str, unmet: tuple[Unmet, ...]) -> str | None:
        """Returns the state that the trigger leads to, or None if the machine refuses it.

        Results are cached: the machine never changes, and its one condition is whether anything is unmet.
        """
        question = (trigger, state, not unmet)
        if question not in self._answers:
            self._answers[question] = self._ask(*question)
        return self._answers[question]

    def _ask(self, trigger: str, state: str, met: bool) -> str | None:
        if (trigger, state) not in self._by_move:
            return None
        # Plain strings, because the library would use an enum member's name, not its value.
        subject = _Subject(str(state))
        moved = self.machine.events[str(trigger)].trigger(subject, met=met)
        return subject.state if moved else None


ACCESS_RULEBOOK = Rulebook(ACCESS_EDGES)
STEP_RULEBOOK = Rulebook(STEP_EDGES)
MEMBERSHIP_RULEBOOK = Rulebook(MEMBERSHIP_EDGES)


def judge_step(trigger: str, state: str, role: Role) -> Judgment:
    """Judges a review step's trigger. Pure; a refusal is a result."""
    return _judge_plain(STEP_RULEBOOK, trigger, state, role)


def judge_access(trigger: str, state: str, role: Role) -> Judgment:
    """Judges an access request's trigger. Pure; a refusal is a result."""
    return _judge_plain(ACCESS_RULEBOOK, trigger, state, role)


def judge_membership(trigger: str, state: str | None, role: Role, *, app_state: str) -> Judgment:
    """Judges a membership's trigger. `state` is None before the first application. Pure; a refusal is a result."""
    unmet = MEMBERSHIP_RULEBOOK.structural(trigger, state or NEW, role)
    if app_state != "public" and trigger in ("apply", "accept"):
        unmet.append(
            Unmet(
                "app.public",
                "The App is public",
                f"The partner program is only for public Apps; this App is {app_state}.",
                "Wait until the App is public; its status shows what is missing.",
                (("state", app_state),),
            )
        )
    target = MEMBERSHIP_RULEBOOK.move(trigger, state or NEW, tuple(unmet))
    return Judgment(trigger, state or NEW, target, tuple(unmet))


def _judge_plain(rulebook: Rulebook, trigger: str, state: str, role: Role) -> Judgment:
    unmet = tuple(rulebook.structural(trigger, state, role))
    return Judgment(trigger, state, rulebook.move(trigger, state, unmet), unmet)
