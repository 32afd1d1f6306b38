"""What an event's name is to the Spec: one of its names, one that means such a name, or the partner's own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, TypeVar
from unicodedata import normalize

from workflow.spec.data import read_data

MAX_EVENT_NAME: Final = 200
"""Characters of a name that is compared with those of the Spec. A longer one is the partner's own."""
LEGACY: Final = "ecommerce_v1_legacy"
"""The category of names that the Spec has replaced."""

_BOUNDARY: Final = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word ends: at what is no letter or digit, and in `camelCase`."""
_JUDGED_NAMES: Final = 8192

_Key = TypeVar("_Key")


class NameClass(StrEnum):
    """How a name relates to the Spec."""

    EXACT = "exact"
    LEGACY = "legacy"
    OTHER_MEANING = "other_meaning"
    """A known name that resembles one of the Spec's and means something else."""
    OTHER_SPELLING = "other_spelling"
    SYNONYM = "synonym"
    AMBIGUOUS = "ambiguous"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class JudgedName:
    """A name's class.

    `event`: the name of the Spec that it is or means, for a legacy name the legacy one; None for the partner's own.
    `instead`: the name to use instead; None if there is no need. `also`: what else an ambiguous name is used for.
    """

    kind: NameClass
    event: str | None = None
    instead: str | None = None
    also: str = ""


_CUSTOM: Final = JudgedName(NameClass.CUSTOM)
_THE_EVENT_ITSELF: Final = frozenset({NameClass.EXACT, NameClass.OTHER_SPELLING, NameClass.LEGACY})


def judge_name(name: str) -> JudgedName:
    """Returns the class of an event's name, in this order: exact, legacy, of another meaning, spelled otherwise, a
    synonym by the table or by the same words in other forms, ambiguous, and otherwise the partner's own."""
    return _judged(name) if len(name) <= MAX_EVENT_NAME else _CUSTOM


def words_of(name: str) -> str:
    """Returns the words of a name in lower case and parted by blanks, as all its spellings have them in common."""
    return " ".join(_words(name))


def spec_event(name: str) -> str | None:
    """Returns the event of the Spec that a name is, however it is spelled, or None. A legacy name is an event too."""
    judged = judge_name(name)
    return judged.event if judged.kind in _THE_EVENT_ITSELF else None


def twins(names: Iterable[str]) -> dict[tuple[str, str], str]:
    """Returns the pairs of names that are one event of the Spec, with its name."""
    first: dict[str, str] = {}
    found: dict[tuple[str, str], str] = {}
    for name in names:
        event = spec_event(name)
        if event is not None and first.setdefault(event, name) != name:
            found[first[event], name] = event
    return found


@cache
def spec_names() -> Mapping[str, str]:
    """Returns the names of the Spec, in its order, with the category of each. Legacy names are last."""
    return {name: event["category"] for name, event in read_data("events.json")["events"].items()}


@lru_cache(_JUDGED_NAMES)
def _judged(name: str) -> JudgedName:
    table = _table()
    exact = table.exact.get(name)
    if exact is not None:
        return exact
    words = _words(name)
    if not words:
        return _CUSTOM
    known = table.spelled.get(" ".join(words)) or (table.joined.get(words[0]) if len(words) == 1 else None)
    return known or table.by_words.get(_rooted(words)) or _CUSTOM


@dataclass(frozen=True, slots=True)
class _Table:
    """Known names: exact ones, the same by their words, those by their letters alone, and by their words' roots."""

    exact: Mapping[str, JudgedName]
    spelled: Mapping[str, JudgedName]
    joined: Mapping[str, JudgedName]
    by_words: Mapping[tuple[str, ...], JudgedName]


@cache
def _table() -> _Table:
    data = read_data("names.json")
    legacy: Mapping[str, str] = data["legacy"]
    names = [name for name, category in spec_names().items() if category != LEGACY]
    exact = {name: JudgedName(NameClass.EXACT, name) for name in names}
    old = {name: JudgedName(NameClass.LEGACY, name, new) for name, new in legacy.items()}
    # What comes first is kept.
    known = [
        *old.items(),
        *((name, JudgedName(NameClass.OTHER_MEANING)) for group in data["other"].values() for name in group),
        *((name, JudgedName(NameClass.OTHER_SPELLING, name, name)) for name in names),
        *(
            (name, JudgedName(NameClass.SYNONYM, event, event))
            for event, group in data["synonyms"].items()
            for name in group
        ),
        *(
            (name, JudgedName(NameClass.AMBIGUOUS, event, event, also))
            for event, uses in data["ambiguous"].items()
            for also, group in uses.items()
            for name in group
        ),
    ]
    meant = [(name, JudgedName(NameClass.SYNONYM, name, name)) for name in names]
    meant += [(name, JudgedName(NameClass.SYNONYM, new, new)) for name, new in legacy.items()]
    return _Table(
        exact | old,
        _first((" ".join(_words(name)), judged) for name, judged in known),
        _first(("".join(_words(name)), judged) for name, judged in known),
        _first((_rooted(_words(name)), judged) for name, judged in meant),
    )


def _first(pairs: Iterable[tuple[_Key, JudgedName]]) -> dict[_Key, JudgedName]:
    """Returns the first judgement of each key."""
    found: dict[_Key, JudgedName] = {}
    for key, judged in pairs:
        found.setdefault(key, judged)
    return found


def _words(name: str) -> list[str]:
    """Returns the words of a name in lower case, parted at separators and in `camelCase`."""
    text = name if name.isascii() else normalize("NFKC", name)
    return _BOUNDARY.sub(" ", text).lower().split()


def _rooted(words: Iterable[str]) -> tuple[str, ...]:
    """Returns the words in alphabetical order, each in the form that the Spec has it in."""
    forms = _forms()
    return tuple(sorted(part for word in words for part in forms.get(word, (word,))))


@cache
def _forms() -> Mapping[str, tuple[str, ...]]:
    """Returns the words of the Spec by their other forms."""
    forms: Mapping[str, list[str]] = read_data("names.json")["forms"]
    return {other: tuple(word.split()) for word, others in forms.items() for other in others}
