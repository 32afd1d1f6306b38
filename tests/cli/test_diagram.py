"""The diagrams of the lifecycle show exactly the table of edges."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from cli.diagram import mermaid, moves_of_reviews, moves_of_states, svg
from models.lifecycle import APP_EDGES, NEW, NO_REVIEW, AppState, AppTrigger, Edge
from tests.cli.command import devcenter

STATES, REVIEWS = moves_of_states(APP_EDGES), moves_of_reviews(APP_EDGES)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("moves", [STATES, REVIEWS], ids=["states", "reviews"])
def test_mermaid_names_every_move_and_no_other(moves: list[Edge]) -> None:
    drawn = set()
    for source, target, triggers in re.findall(r"^    (\S+) --> (\S+): (.+)$", mermaid(moves), re.MULTILINE):
        ends = [NEW if name == "[*]" else name for name in (source, target)]
        drawn |= {(ends[0], trigger, ends[1]) for trigger in triggers.split(", ")}
    assert drawn == {(edge.source, edge.trigger, edge.target) for edge in moves}


def test_every_edge_is_in_one_of_the_pictures_unless_it_leads_nowhere_else() -> None:
    shown = {(edge.trigger, edge.source, edge.target) for edge in STATES}
    reviews = {(edge.trigger, edge.source, edge.target) for edge in REVIEWS}
    for edge in APP_EDGES:
        before, after = (NEW if kind == NO_REVIEW else kind for kind in (edge.review, edge.review_after))
        leads = (edge.trigger, edge.source, edge.target) in shown or (edge.trigger, before, after) in reviews
        stays = (edge.source, edge.review) == (edge.target, edge.review_after)
        assert leads or stays or edge.trigger == AppTrigger.ADOPT, edge


def test_svg_has_a_box_for_every_state_and_a_label_for_every_edge() -> None:
    picture = ElementTree.fromstring(svg(STATES))  # noqa: S314 - our own text
    words = [element.text for element in picture.iter(f"{SVG}text")]
    for state in (NEW, *AppState):
        assert words.count(str(state)) == 1
    for trigger in {edge.trigger for edge in STATES}:
        moves = {(edge.source, edge.target) for edge in STATES if edge.trigger == trigger}
        assert words.count(trigger) == len(moves)


def test_an_edge_that_is_added_to_the_table_is_drawn() -> None:
    more = (*STATES, replace(STATES[1], trigger="leap", target=AppState.PUBLIC.value))
    assert "leap" in mermaid(more)
    assert "leap" in svg(more)


def test_the_boxes_do_not_touch_each_other() -> None:
    picture = ElementTree.fromstring(svg(STATES))  # noqa: S314 - our own text
    boxes = [
        tuple(float(element.attrib[name]) for name in ("x", "y", "width", "height"))
        for element in picture.iter(f"{SVG}rect")
        if "rx" in element.attrib
    ]
    for index, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[index + 1 :]:
            beside = x + width <= other_x or other_x + other_width <= x
            assert beside or y + height <= other_y or other_y + other_height <= y


def test_no_arrow_to_a_final_state_crosses_a_box_or_another_arrow() -> None:
    drawn = svg(STATES)
    boxes = [tuple(map(float, box)) for box in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" [^>]*rx=', drawn)]
    falls = [tuple(map(float, fall)) for fall in re.findall(r'<path d="M(\d+) (\d+)V(\d+)"', drawn)]
    slants = [tuple(map(float, way)) for way in re.findall(r'<path d="M(\d+) (\d+)L(\d+) (\d+)"', drawn)]
    assert len(falls) == sum(1 for edge in STATES if edge.trigger == "remove")
    assert len(slants) == 7
    for x, begins, ends in falls:
        assert not [box for box in boxes if box[0] <= x <= box[0] + box[2] and begins < box[1] < ends]
        assert not [way for way in slants if min(way[0], way[2]) <= x <= max(way[0], way[2]) and begins <= way[1]]


def test_the_picture_in_the_docs_is_what_the_command_draws(tmp_path: Path) -> None:
    drawn = devcenter("diagram", "--format", "svg", folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout == (Path(__file__).parents[2] / "docs" / "lifecycle.svg").read_text()


def test_the_picture_of_reviews_in_the_docs_is_what_the_command_draws(tmp_path: Path) -> None:
    drawn = devcenter("diagram", "--of", "reviews", folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert f"```mermaid\n{drawn.stdout}```" in (Path(__file__).parents[2] / "docs" / "design.md").read_text()
