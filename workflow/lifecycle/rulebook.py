"""The App's state machine with the rules of each trigger: one object both guards a transition and explains it."""

from collections.abc import Mapping

from models.lifecycle import APP_EDGES, AppTrigger, Role
from workflow.errors import Unmet
from workflow.lifecycle.facts import Facts
from workflow.lifecycle.rules import RULES_OF, Rule
from workflow.machines import Judgment, Rulebook


class AppRulebook(Rulebook):
    """The App's state machine with the rules of each trigger. Tests may pass other rules."""

    def __init__(self, rules_of: Mapping[AppTrigger, tuple[Rule, ...]] = RULES_OF) -> None:
        super().__init__(APP_EDGES)
        self.rules_of = rules_of

    def judge(self, trigger: AppTrigger, facts: Facts) -> Judgment:
        """Judges `trigger` against `facts`. Pure. A refusal is a result; only a faulty rule can raise."""
        unmet = self.structural(trigger, facts.state, facts.ask.actor.role)
        unmet += self._other_company(trigger, facts)
        observed: list[Unmet] = []
        for rule in self.rules_of[trigger]:
            missing = rule.unmet(facts)
            if missing is not None:
                (observed if rule.code in facts.policy.observed else unmet).append(missing)
        target = self.move(trigger, facts.state, tuple(unmet))
        return Judgment(trigger, facts.state, target, tuple(unmet), tuple(observed))

    def triggers_of(self, facts: Facts) -> tuple[Judgment, ...]:
        """Judges every trigger except `create` for the actor in `facts`. Pure."""
        return tuple(self.judge(trigger, facts) for trigger in AppTrigger if trigger is not AppTrigger.CREATE)

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
