"""What a review's page makes of the API's answers: by topic, by requirement, and with what differs marked. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.differences import marked
from console.reviewing.forms import ReviewForms


def by_topic(saved: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Returns the saved reasons by topic, which is what their codes have in front of the first dot."""
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for one in saved:
        topic, dot, _ = one["code"].partition(".")
        topics.setdefault(topic.replace("_", " ").capitalize() if dot else "Other", []).append(one)
    return sorted(topics.items())


def all_words(typed: ReviewForms, saved: Sequence[Mapping[str, Any]]) -> str:
    """Returns what was about to be said: the texts of the saved reasons that are ticked, and own words."""
    texts = [one["text"] for one in saved if one["code"] in typed.ticked]
    return "\n\n".join([*texts, typed.decision.value("words").strip()]).strip()


def by_requirement(review: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Returns what was given for each requirement of the checklist, with the steps that are about it."""
    given = review["snapshot"]["evidence"]
    found = []
    for code in sorted(given):
        steps = [one for one in review["steps"] if one["requirement"] == code]
        found.append((code.replace("_", " ").capitalize(), given[code], steps))
    return found


def changed(changes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Returns the differences with what differs marked: where, before and after."""
    found = []
    for part, ones in (changes or {}).items():
        for one in ones:
            before, after = marked(one["before"], one["after"])
            where = " / ".join([part, *(str(step) for step in one["path"])])
            found.append({"where": where, "change": one["change"], "before": before, "after": after})
    return found


def tally(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Returns how many steps are in each state, those to be done first. Machines' own are counted as under way."""
    counted: dict[str, int] = {}
    for step in steps:
        state = step["state"]
        if state == "pending":
            state = "to do" if step["taken_by"] == "person" else "under way"
        counted[state] = counted.get(state, 0) + 1
    return sorted(counted.items(), key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER))


def pictures_of(app: str, evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the name and the address of each picture of a requirement's evidence."""
    found = [(name, evidence[name]) for name in ("logo", "mark") if evidence.get(name)]
    found += [(f"screenshot {place}", one) for place, one in enumerate(evidence.get("screenshots") or (), 1)]
    return [(name.capitalize(), f"/apps/{app}/pictures/{picture}") for name, picture in found]


_ORDER = ("to do", "failed", "under way", "warned", "waived", "passed")
