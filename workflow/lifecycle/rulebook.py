"""The App's state machine with the rules of each trigger: one object both guards a transition and explains it."""

from collections import defaultdict
from collections.abc import Mapping

from models.lifecycle import APP_EDGES, BIRTHS, NO_REVIEW, AppTrigger, Role
from workflow.errors import Unmet
from workflow.lifecycle.facts import Facts
from workflow.lifecycle.rules import RULES_OF, Rule
from workflow.machines import Judgment, Rulebook


class AppRulebook(Rulebook):
    """The App's state machine with the rules of each trigger. Tests may pass other rules."""

    def __init__(self, rules_of: Mapping[AppTrigger, tuple[Rule, ...]] = RULES_OF) -> None:
        super().__init__(APP_EDGES)
        self.rules_of = rules_of
        self._by_review: dict[tuple[str, str], dict[str, frozenset[Role]]] = defaultdict(dict)
        for edge in APP_EDGES:
            self._by_review[edge.trigger, edge.source][edge.review] = edge.roles

    def judge(self, trigger: AppTrigger, facts: Facts) -> Judgment:
        """Judges `trigger` against `facts`. Pure. A refusal is a result; only a faulty rule can raise."""
        unmet = self.structural_of(trigger, facts)
        unmet += self._other_company(trigger, facts)
        observed: list[Unmet] = []
        for rule in self.rules_of[trigger]:
            missing = rule.unmet(facts)
            if missing is not None:
                (observed if rule.code in facts.policy.observed else unmet).append(missing)
        target = self.move(trigger, facts.state, tuple(unmet))
        return Judgment(trigger, facts.state, target, tuple(unmet), tuple(observed))

    def triggers_of(self, facts: Facts) -> tuple[Judgment, ...]:
        """Judges every trigger except births for the actor in `facts`. Pure."""
        return tuple(self.judge(trigger, facts) for trigger in AppTrigger if trigger not in BIRTHS)

    def structural_of(self, trigger: AppTrigger, facts: Facts) -> list[Unmet]:
        """Returns the unmet conditions of every trigger: the state, the open review, and a role that may ask then."""
        by_review = self._by_review.get((trigger, facts.state))
        if by_review is None:
            return self.structural(trigger, facts.state, facts.ask.actor.role)
        roles = by_review.get(facts.open_kind)
        unmet = [] if roles is not None else [_review_disallows(trigger, facts, by_review)]
        return [*unmet, *self._role_unmet(trigger, facts.ask.actor.role, roles or self._roles_of[trigger])]

    def _other_company(self, trigger: AppTrigger, facts: Facts) -> list[Unmet]:
        actor = facts.ask.actor
        if actor.role is not Role.PARTNER or actor.organization_id == facts.organization_id:
            return []
        detail = f"Only people of the company that owns the App may ask for {trigger}."
        return [
            Unmet(
                "organization.own",
                "The App belongs to the company",
                detail,
                "Name an App of your own company.",
            )
        ]


def _review_disallows(trigger: AppTrigger, facts: Facts, allowed: Mapping[str, frozenset[Role]]) -> Unmet:
    kinds = [kind for kind in allowed if kind != NO_REVIEW]
    needed = [f"a review of kind {' or '.join(kinds)} is open"] if kinds else []
    needed += ["no review is open"] if NO_REVIEW in allowed else []
    present = "no review" if facts.review is None else f"a review of kind {facts.open_kind}"
    return Unmet(
        "review.allows",
        "The open review allows it",
        f"{trigger} is possible from {facts.state} while {', or '.join(needed)}; {present} is open.",
        "Wait for the end of the review, or ask for a trigger that it allows; the App's list of triggers shows them.",
        (("review", facts.open_kind),),
    )
