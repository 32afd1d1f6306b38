"""The state machines: one shared rulebook per kind. The same object explains what is missing and guards the move."""

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
    """What judging gave: where the trigger leads, or every unmet rule. `observed` reports and does not block."""

    trigger: str
    source: str
    target: str | None
    unmet: tuple[Unmet, ...] = ()
    observed: tuple[Unmet, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.target is not None


class _Subject:
    """What a machine moves for the length of one judgment; rows are never registered with it."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def _no_rule_unmet(event: EventData) -> bool:
    return bool(event.kwargs["met"])


class Rulebook:
    """A kind's edges as one `transitions` machine that holds no rows (`model=None`)."""

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
        """The shared machine: each edge is guarded by one condition, that no rule is unmet."""
        states = dict.fromkeys(state for edge in self.edges for state in (edge.source, edge.target))
        return Machine(
            model=None,
            initial=None,
            auto_transitions=False,
            send_event=True,
            states=list(states),
            transitions=[
                {
                    "trigger": edge.trigger,
                    "source": edge.source,
                    "dest": edge.target,
                    "conditions": [_no_rule_unmet],
                }
                for edge in self.edges
            ],
        )

    def structural(self, trigger: str, state: str, role: Role) -> list[Unmet]:
        """Returns what every trigger needs, whatever its rules: a state it leads from, and a role that may ask."""
        unmet = []
        if (trigger, state) not in self._by_move:
            sources = ", ".join(edge.source for edge in self._edges_of.get(trigger, ()))
            unmet.append(
                Unmet(
                    "state.allows",
                    "The state allows it",
                    f"{trigger} is possible from {sources or 'no state'}; the state is {state}.",
                    "Ask for what the present state allows; the triggers of the App list it.",
                    (("state", state),),
                )
            )
        roles = self._roles_of.get(trigger, frozenset())
        if role not in roles:
            unmet.append(
                Unmet(
                    "role.allowed",
                    "The role may ask for it",
                    f"{trigger} is for {', '.join(sorted(roles)) or 'nobody'}; the role is {role}.",
                    "Let somebody with that role ask.",
                    (("role", str(role)),),
                )
            )
        return unmet

    def move(self, trigger: str, state: str, unmet: tuple[Unmet, ...]) -> str | None:
        """Returns the state that the machine reaches, or None when it refuses.

        The machine never changes, and its one condition is whether anything is unmet: it is asked each question once.
        """
        question = (trigger, state, not unmet)
        if question not in self._answers:
            self._answers[question] = self._ask(*question)
        return self._answers[question]

    def _ask(self, trigger: str, state: str, met: bool) -> str | None:
        if (trigger, state) not in self._by_move:
            return None
        # Plain strings: the library takes a member of an enumeration by its name, not by its value.
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
    """Judges a partner program's trigger; `state` is None before the first application. Pure."""
    unmet = MEMBERSHIP_RULEBOOK.structural(trigger, state or NEW, role)
    if app_state != "public" and trigger in ("apply", "accept"):
        unmet.append(
            Unmet(
                "app.public",
                "The App is public",
                f"The partner program is for public Apps; this App is {app_state}.",
                "Get the App promoted first.",
                (("state", app_state),),
            )
        )
    target = MEMBERSHIP_RULEBOOK.move(trigger, state or NEW, tuple(unmet))
    return Judgment(trigger, state or NEW, target, tuple(unmet))


def _judge_plain(rulebook: Rulebook, trigger: str, state: str, role: Role) -> Judgment:
    unmet = tuple(rulebook.structural(trigger, state, role))
    return Judgment(trigger, state, rulebook.move(trigger, state, unmet), unmet)
