"""The diagrams of the lifecycle show exactly the table of edges."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

from cli.diagram import mermaid, svg
from models.lifecycle import APP_EDGES, NEW, AppState
from tests.cli.command import devcenter

SVG = "{http://www.w3.org/2000/svg}"


def test_mermaid_names_every_edge_and_no_other() -> None:
    drawn = set()
    for source, target, triggers in re.findall(r"^    (\S+) --> (\S+): (.+)$", mermaid(APP_EDGES), re.MULTILINE):
        drawn |= {(NEW if source == "[*]" else source, trigger, target) for trigger in triggers.split(", ")}
    assert drawn == {(edge.source, edge.trigger, edge.target) for edge in APP_EDGES}


def test_svg_has_a_box_for_every_state_and_a_label_for_every_edge() -> None:
    picture = ElementTree.fromstring(svg(APP_EDGES))  # noqa: S314 - our own text
    words = [element.text for element in picture.iter(f"{SVG}text")]
    for state in (NEW, *AppState):
        assert words.count(str(state)) == 1
    for trigger in {edge.trigger for edge in APP_EDGES}:
        moves = {(edge.source, edge.target) for edge in APP_EDGES if edge.trigger == trigger}
        assert words.count(trigger) == len(moves)


def test_an_edge_that_is_added_to_the_table_is_drawn() -> None:
    more = (*APP_EDGES, replace(APP_EDGES[1], trigger="leap", target=AppState.PUBLIC.value))
    assert "leap" in mermaid(more)
    assert "leap" in svg(more)


def test_the_boxes_do_not_touch_each_other() -> None:
    picture = ElementTree.fromstring(svg(APP_EDGES))  # noqa: S314 - our own text
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
    drawn = svg(APP_EDGES)
    boxes = [tuple(map(float, box)) for box in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" [^>]*rx=', drawn)]
    falls = [tuple(map(float, fall)) for fall in re.findall(r'<path d="M(\d+) (\d+)V(\d+)"', drawn)]
    slants = [tuple(map(float, way)) for way in re.findall(r'<path d="M(\d+) (\d+)L(\d+) (\d+)"', drawn)]
    assert len(falls) == sum(1 for edge in APP_EDGES if edge.trigger == "remove")
    assert len(slants) == 3
    for x, begins, ends in falls:
        assert not [box for box in boxes if box[0] <= x <= box[0] + box[2] and begins < box[1] < ends]
        assert not [way for way in slants if min(way[0], way[2]) <= x <= max(way[0], way[2]) and begins <= way[1]]


def test_the_picture_in_the_docs_is_what_the_command_draws(tmp_path: Path) -> None:
    drawn = devcenter("diagram", "--format", "svg", folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout == (Path(__file__).parents[2] / "docs" / "lifecycle.svg").read_text()
