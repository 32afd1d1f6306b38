"""Draws the lifecycle and its reviews from the table of edges, as Mermaid text or as an SVG with a simple layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from models.lifecycle import NEW, NO_REVIEW, AppEdge, AppTrigger, Edge

BOX_WIDTH, BOX_HEIGHT = 116, 40
COLUMN, ROW = 190, 130
STEP = BOX_WIDTH + 12
MARGIN, TOP = 24, 84
LABEL_LINE = 15
LETTER_WIDTH = 7
BEND = 10


def moves_of_states(edges: Sequence[AppEdge]) -> list[Edge]:
    """Returns the edges that lead from one state to another, each once, without `adopt`, which is another birth."""
    return list(
        dict.fromkeys(
            Edge(edge.trigger, edge.source, edge.target, frozenset())
            for edge in edges
            if edge.source != edge.target and edge.trigger != AppTrigger.ADOPT
        )
    )


def moves_of_reviews(edges: Sequence[AppEdge]) -> list[Edge]:
    """Returns the edges by the kind of the open review, each once, where that changes. `new` stands for no review."""
    kinds = ((edge.trigger, _kind(edge.review), _kind(edge.review_after)) for edge in edges)
    return list(
        dict.fromkeys(Edge(trigger, before, after, frozenset()) for trigger, before, after in kinds if before != after)
    )


def _kind(review: str) -> str:
    return NEW if review == NO_REVIEW else review


@dataclass(frozen=True, slots=True)
class NodePosition:
    """The centre of a state's box, in SVG units."""

    x: int
    y: int


def mermaid(edges: Sequence[Edge]) -> str:
    """Returns a Mermaid state diagram. The state `new` is drawn as its start."""
    lines = ["stateDiagram-v2"]
    for (source, target), triggers in _moves(edges).items():
        begin, end = ("[*]" if name == NEW else name for name in (source, target))
        lines += [f"    {begin} --> {end}: {', '.join(triggers)}"]
    return "\n".join(lines) + "\n"


def svg(edges: Sequence[Edge]) -> str:
    """Returns a self-contained SVG. The same edges always produce the same bytes."""
    places, finals = _layout(edges)
    width = max(place.x for place in places.values()) + BOX_WIDTH // 2 + MARGIN
    floor = max(place.y for place in places.values()) + ROW - 30
    height = floor + (BOX_HEIGHT if finals else 0) + MARGIN
    moves = _moves(edges)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">',
        "<title>The lifecycle of an App</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for (source, target), triggers in moves.items():
        if target in finals:
            parts += _fall(places[source].x + _aside(source, places, moves), places[source].y, floor, triggers)
        else:
            parts += _arrow(places[source], places[target], triggers, both_ways=(target, source) in moves)
    parts += [_box(name, place.x, place.y, BOX_WIDTH) for name, place in places.items()]
    parts += [_box(name, width // 2, floor + BOX_HEIGHT // 2, width - 2 * MARGIN) for name in finals]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _moves(edges: Sequence[Edge]) -> dict[tuple[str, str], list[str]]:
    moves: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        moves.setdefault((edge.source, edge.target), []).append(edge.trigger)
    return moves


def _layout(edges: Sequence[Edge]) -> tuple[dict[str, NodePosition], list[str]]:
    """Returns the position of each state, by its distance from `new`, and the final states, which no edge leaves.

    States at the same distance are stacked, each further left than the one above by more than a box, so that no arrow
    down to the final states crosses a box.
    """
    sources = {edge.source for edge in edges}
    finals = list(dict.fromkeys(edge.target for edge in edges if edge.target not in sources))
    distance = {NEW: 0}
    waiting = [NEW]
    while waiting:
        source = waiting.pop(0)
        for edge in edges:
            if edge.source == source and edge.target not in distance and edge.target not in finals:
                distance[edge.target] = distance[source] + 1
                waiting.append(edge.target)
    stacks: dict[int, list[str]] = {}
    for state, column in sorted(distance.items(), key=lambda item: (item[1], _busyness(item[0], edges), item[0])):
        stacks.setdefault(column, []).append(state)
    places = {}
    x = MARGIN + BOX_WIDTH // 2
    for column, states in stacks.items():
        x += max(COLUMN, len(states) * STEP) if column else 0
        for row, state in enumerate(states):
            places[state] = NodePosition(x - row * STEP, TOP + row * ROW)
    return places, finals


def _busyness(state: str, edges: Sequence[Edge]) -> int:
    """Counts the edges of a state. Of two states at the same distance, the one with fewer stays in the first row."""
    return sum(1 for edge in edges if edge.source == state and edge.trigger != "remove" and edge.target != state) + sum(
        1 for edge in edges if edge.target == state
    )


def _box(name: str, x: int, y: int, width: int) -> str:
    dashed = ' stroke-dasharray="4 3"' if name == NEW else ""
    return (
        f'<rect x="{x - width // 2}" y="{y - BOX_HEIGHT // 2}" width="{width}" height="{BOX_HEIGHT}" rx="8" '
        f'fill="#eef4fb" stroke="#2f5f8f"{dashed}/>'
        f'<text x="{x}" y="{y + 5}" text-anchor="middle" font-weight="600">{escape(name)}</text>'
    )


def _arrow(start: NodePosition, end: NodePosition, triggers: Sequence[str], *, both_ways: bool) -> list[str]:
    half = BOX_WIDTH // 2
    if start.y == end.y and start.x < end.x:
        path = f"M{start.x + half} {start.y}H{end.x - half}"
        return [_line(path), *_words(triggers, (start.x + end.x) // 2, start.y - 8)]
    if start.y == end.y:
        top = start.y - BOX_HEIGHT // 2
        up, out, back = top - BEND - 14, start.x - 14, end.x + 14
        path = (
            f"M{out} {top}V{up + BEND}Q{out} {up} {out - BEND} {up}H{back + BEND}Q{back} {up} {back} {up + BEND}V{top}"
        )
        return [_line(path), *_words(triggers, (start.x + end.x) // 2, up - 7)]
    down = start.y < end.y
    shift = (-1 if down else 1) * 24 if both_ways else 0
    upper, lower = (start, end) if down else (end, start)
    lean = 22 if upper.x < lower.x else -22
    upper_end = (upper.x + lean + shift, upper.y + BOX_HEIGHT // 2)
    lower_end = (lower.x - lean + shift, lower.y - BOX_HEIGHT // 2)
    begin, finish = (upper_end, lower_end) if down else (lower_end, upper_end)
    path = f"M{begin[0]} {begin[1]}L{finish[0]} {finish[1]}"
    part = 0.68 if down else 0.36
    x = round(upper_end[0] + (lower_end[0] - upper_end[0]) * part)
    y = round(upper_end[1] + (lower_end[1] - upper_end[1]) * part)
    return [_line(path), *_words(triggers, x, y)]


def _aside(state: str, places: dict[str, NodePosition], moves: dict[tuple[str, str], list[str]]) -> int:
    """Returns the horizontal offset of a state's arrow to the final states, clear of its other arrows down."""
    here = places[state]
    below = [places[end] for start, end in moves if start == state and end in places and places[end].y > here.y]
    return 0 if not below else -34 if below[0].x > here.x else 34


def _fall(x: int, y: int, floor: int, triggers: Sequence[str]) -> list[str]:
    return [_line(f"M{x} {y + BOX_HEIGHT // 2}V{floor}"), *_words(triggers, x, floor - 18)]


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#555" marker-end="url(#tip)"/>'


def _words(triggers: Sequence[str], x: int, bottom: int) -> list[str]:
    """Returns a label for each trigger, on a white background so that lines do not run through the text."""
    lines = []
    for number, trigger in enumerate(reversed(triggers)):
        y, width = bottom - number * LABEL_LINE, len(trigger) * LETTER_WIDTH + 6
        lines += [
            f'<rect x="{x - width // 2}" y="{y - 12}" width="{width}" height="{LABEL_LINE + 1}" fill="#fff"/>',
            f'<text x="{x}" y="{y}" text-anchor="middle" fill="#333">{escape(trigger)}</text>',
        ]
    return lines
