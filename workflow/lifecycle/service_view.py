"""What services are shown of transitions: how an App stands, nothing of its draft and its reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from models.lifecycle import AppTrigger, Role
from workflow.identity.actors import Actor
from workflow.lifecycle.rules import (
    CHECKLIST_COMPLETE,
    COMPONENTS_PRESENT,
    COMPONENTS_TESTED,
    DRAFT_CHANGED,
    STEP_FAILED,
    STEPS_PASSED,
)
from workflow.machines import Judgment

_OF_DRAFT: Final = frozenset(
    rule.code
    for rule in (COMPONENTS_PRESENT, COMPONENTS_TESTED, CHECKLIST_COMPLETE, DRAFT_CHANGED, STEPS_PASSED, STEP_FAILED)
)
"""The codes of the rules whose words repeat what a draft says or what a review of it found."""

_WITH_PUBLIC_REASONS: Final = frozenset(
    {
        AppTrigger.ADOPT,
        AppTrigger.PROMOTE,
        AppTrigger.SUSPEND,
        AppTrigger.REINSTATE,
        AppTrigger.UNLIST,
        AppTrigger.RELIST,
        AppTrigger.REMOVE,
    }
)
"""The triggers whose reasons speak of what is public. Those of all others speak of a draft, or of a review."""


def judgments_for(actor: Actor, judgments: Sequence[Judgment]) -> tuple[Judgment, ...]:
    """Returns the judgments as the actor may see them: for services without the rules about the draft.

    No service may ask for a trigger that has such a rule, so what is refused is still refused.
    """
    if actor.role is not Role.SERVICE:
        return tuple(judgments)
    return tuple(
        replace(
            one,
            unmet=tuple(unmet for unmet in one.unmet if unmet.code not in _OF_DRAFT),
            observed=tuple(unmet for unmet in one.observed if unmet.code not in _OF_DRAFT),
        )
        for one in judgments
    )


def unmet_for(actor: Actor, unmet: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Returns stored unmet rules as the actor may see them: services see of those about the draft only that."""
    if actor.role is not Role.SERVICE:
        return unmet
    return [one | _UNSAID if one["code"] in _OF_DRAFT else one for one in map(dict, unmet)]


def shows_reasons_to(actor: Actor, trigger: str) -> bool:
    """Returns whether the actor may read the reasons that were given for a transition of this trigger."""
    return actor.role is not Role.SERVICE or trigger in _WITH_PUBLIC_REASONS


_UNSAID: Final[dict[str, Any]] = {
    "detail": "It is about the draft or the review of it, which services do not read.",
    "remedy": "Leave it to the company and its reviewers.",
    "facts": {},
}
