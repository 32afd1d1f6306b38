"""What is said of an event's name that is not as the Spec has it, where it is sent and where it is declared."""

from functools import lru_cache
from typing import Final

from workflow.spec.found import EventFinding, shown
from workflow.spec.names import MAX_EVENT_NAME, NameClass, judge_name

_POINTER: Final = "/event"
_EXPLAINED: Final = 8192


def problem_with_name(name: str) -> EventFinding | None:
    """Returns the finding for an event's name: an error for a name that means an event of the Spec and is another.

    A name that is spelled otherwise, is replaced, or may mean an event of the Spec is a warning. The remedy has the
    right name. Returns None for the Spec's names and the partner's own.
    """
    return _problem(name) if len(name) <= MAX_EVENT_NAME else None


@lru_cache(_EXPLAINED)
def _problem(name: str) -> EventFinding | None:
    judged = judge_name(name)
    if judged.instead is None:
        return None
    said, right = shown(name), shown(judged.instead)
    if judged.kind == NameClass.SYNONYM:
        detail = f"{said} means what the Spec calls {right}."
        remedy = f"Use the name {right}, with the properties that the Spec has for it."
        return EventFinding("event.synonym", "error", _POINTER, detail, remedy)
    if judged.kind == NameClass.AMBIGUOUS:
        detail = f"{said} may mean what the Spec calls {right}. It is also used for {judged.also}."
        remedy = f"Use the name {right} if that is meant. Otherwise say in your documentation what {said} means."
        return EventFinding("event.ambiguous", "warning", _POINTER, detail, remedy)
    if judged.kind == NameClass.LEGACY:
        detail = f"{said} is a name of the Spec's first version, which {right} has replaced."
        return EventFinding("event.legacy", "warning", _POINTER, detail, f"Use the name {right}.")
    detail = f"{said} is spelled {right} in the Spec."
    return EventFinding("event.other_spelling", "warning", _POINTER, detail, f"Use the name {right}.")
