"""What differs between two policies, in words, and bringing together what two people changed at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.policy.parts import Document, Part


@dataclass(frozen=True, slots=True)
class Change:
    """A part that differs: its values before and after or, of a list, what was added and what was dropped."""

    title: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A document with the changes of two people: whose part both changed keeps mine, and is among `both`."""

    document: dict[str, Any]
    theirs: tuple[Change, ...]
    both: tuple[Change, ...]


def changes_between(parts: Sequence[Part], before: Document, after: Document) -> tuple[Change, ...]:
    """Returns what differs, in the order of the parts."""
    found = (change_of(part, part.value_in(before), part.value_in(after)) for part in parts)
    return tuple(change for change in found if change is not None)


def change_of(part: Part, before: Any, after: Any) -> Change | None:
    """Returns how the part's two values differ, None if they do not. The order of a list says nothing."""
    if not isinstance(before, list) or not isinstance(after, list):
        return None if before == after else Change(part.title, part.said(before), part.said(after))
    added, dropped = [one for one in after if one not in before], [one for one in before if one not in after]
    if not added and not dropped:
        return None
    return Change(part.title, added=tuple(part.titles_of(added)), dropped=tuple(part.titles_of(dropped)))


def merged(parts: Sequence[Part], base: Document, mine: Document, theirs: Document) -> Merged:
    """Returns my document, which was made of `base`, with what was changed meanwhile in the parts that I left alone."""
    document: dict[str, Any] = {}
    changed, both = [], []
    for part in parts:
        before, own, other = (part.value_in(one) for one in (base, mine, theirs))
        by_them, by_me = change_of(part, before, other), change_of(part, before, own)
        document[part.name] = own if by_me else other
        if by_them and not by_me:
            changed.append(by_them)
        elif by_them and (against := change_of(part, other, own)):
            both.append(against)
    return Merged(document, tuple(changed), tuple(both))
