"""How much work it is to draw a picture whose parts are repeated and filtered, however few bytes say so. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from workflow.assets.css import EFFECTS, Rule
from workflow.assets.numbers import read_numbers
from workflow.assets.problems import Problem
from workflow.assets.svg_names import DEFINITIONS, FILTER_STEPS

MAX_COST = 100_000
"""The number of plain shapes that a picture may cost to draw, when all that it repeats is counted."""
MAX_CHAIN = 40
"""How many references may lead from one to the next."""
STEP_COST = 100
"""What one step of a filter costs, in plain shapes."""
CHARACTERS_PER_SHAPE = 200
CHARACTERS_PER_VERTEX = 4
MAX_OCTAVES = 10
MAX_ORDER = 9

_COSTS = Problem(
    "It takes too much work to draw: parts or effects are repeated too often.",
    "Flatten effects, patterns and repeated parts to plain shapes.",
)
_CIRCLE = Problem("A part of it refers to itself.", "Export it again, with symbols and references flattened.")
_DEEP = Problem(
    f"Its references lead over more than {MAX_CHAIN} elements.", "Flatten symbols and repeated parts to plain shapes."
)
_CHEAP = frozenset({"linearGradient", "radialGradient"})


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


@dataclass(slots=True)
class Drawn:
    """Which elements refer to which others, by attributes and by rules of style sheets."""

    _by_name: dict[str, set[str]] = field(default_factory=dict)
    _references: dict[etree._Element, set[str]] = field(default_factory=dict)

    def refer(self, element: etree._Element, ids: Iterable[str]) -> None:
        """Notes that `element` uses the elements with these ids. Keeps the element, so its identity stays the same."""
        if ids:
            self._references.setdefault(element, set()).update(ids)

    def add_rules(self, rules: Iterable[Rule]) -> None:
        """Notes which elements are used by those that a style sheet's rules choose."""
        for rule in rules:
            for name in rule.names:
                self._by_name.setdefault(name, set()).update(rule.ids)

    def references_of(self, element: etree._Element) -> set[str]:
        """Returns the ids of all that the element may use."""
        names = ("*", _name(element), f"#{element.get('id')}", *(f".{one}" for one in element.get("class", "").split()))
        chosen = (self._by_name[name] for name in dict.fromkeys(names) if name in self._by_name)
        return set(self._references.get(element, ())).union(*chosen)

    def uses_of_nothing(self, root: etree._Element) -> Iterator[str]:
        """Yields what a `use` element refers to and the picture does not contain."""
        known = {node.get("id") for node in root.iter()}
        for element, ids in self._references.items():
            hrefs = {value[1:] for key, value in element.attrib.items() if str(key).endswith("href")}
            if _name(element) == "use":
                yield from (one for one in ids & hrefs if one not in known)


def problem_with_cost(root: etree._Element, drawn: Drawn, side: float) -> Problem | None:
    """Returns why the picture costs too much to draw, None if it does not. `side` is its longer side."""
    if any(not _is_bounded(step, side) for step in root.iter()):
        return EFFECTS
    try:
        cost = _Costs(root, drawn).of(root)
    except _RefusedError as refused:
        return refused.problem
    return _COSTS if cost > MAX_COST else None


class _Costs:
    def __init__(self, root: etree._Element, drawn: Drawn) -> None:
        self._drawn = drawn
        self._by_id = {str(node.get("id")): node for node in reversed(list(root.iter())) if node.get("id")}
        self._known: dict[str, float] = {}
        self._under_way: list[str] = []

    def of(self, top: etree._Element) -> float:
        """Returns what it costs to draw an element that is referred to, or the whole picture."""
        total = 0.0
        for element in _drawn_within(top):
            total += self._own(element)
            if total > MAX_COST:
                return total
        return total

    def _own(self, element: etree._Element) -> float:
        letters = sum(len(value) for value in element.attrib.values()) + len(element.text or "")
        cost = STEP_COST if _name(element) in FILTER_STEPS else 1 + letters / CHARACTERS_PER_SHAPE
        for reference in self._drawn.references_of(element):
            cost += 1
            target = self._by_id.get(reference)
            if target is None or _name(target) in _CHEAP:
                continue
            times = 1 + letters / CHARACTERS_PER_VERTEX if _name(target) == "marker" else 1
            cost += times * self._of_reference(reference, target)
        return cost

    def _of_reference(self, reference: str, target: etree._Element) -> float:
        if reference in self._under_way:
            raise _RefusedError(_CIRCLE)
        if len(self._under_way) >= MAX_CHAIN:
            raise _RefusedError(_DEEP)
        if reference not in self._known:
            self._under_way.append(reference)
            self._known[reference] = self.of(target)
            self._under_way.pop()
        return self._known[reference]


def _drawn_within(top: etree._Element) -> Iterator[etree._Element]:
    """Yields the element and all within it that are drawn with it, without definitions."""
    waiting = [top]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += [child for child in element if _name(child) not in DEFINITIONS]


def _is_bounded(step: etree._Element, side: float) -> bool:
    """Returns whether the numbers of a filter are such that a browser draws it at once."""
    name = _name(step)
    if name == "filter":
        return all(_is_region(step.get(side_name), side) for side_name in ("width", "height"))
    if name not in FILTER_STEPS:
        return True
    limits = {"stdDeviation": side / 2, "radius": side / 4, "numOctaves": MAX_OCTAVES, "order": MAX_ORDER}
    return all(_is_at_most(step.get(attribute), limit) for attribute, limit in limits.items())


def _is_at_most(text: str | None, limit: float) -> bool:
    if text is None:
        return True
    numbers = read_numbers(text)
    return numbers is not None and all(number <= limit for number in numbers)


def _is_region(text: str | None, side: float) -> bool:
    if text is None:
        return True
    number = read_numbers(text.strip().rstrip("%"))
    limit = 1000.0 if text.strip().endswith("%") else max(10.0, 10 * side)
    return number is not None and all(one <= limit for one in number)


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
