"""Examining uploaded pictures: what they are, by their content, and what of them is stored and shown. Pure.

This uses processor time and memory that depend on the picture, so it runs in a process that can be ended (`reading`).
"""

from dataclasses import dataclass

from workflow.assets.problems import Problem, refusal
from workflow.assets.raster import MAX_BYTES, SMALLER, read_raster
from workflow.assets.recognition import problem_with_drawing_format, problem_with_transfer
from workflow.assets.svg import read_svg

MAX_SVG_BYTES = 256 * 1024
"""The size of an SVG as it is stored."""
MAX_UPLOADED_SVG_BYTES = 1024 * 1024
"""The size of an SVG with what editors leave in it."""
SQUARE_WITHIN = 0.01
"""How far the sides of a mark may differ, as a fraction of the longer side."""

_SMALLER = "Export it without editing data of the editor and with fewer decimals, or simplify its paths."
_BOX = 'State its proportions on the svg element: viewBox="0 0 WIDTH HEIGHT", with both greater than 0.'


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is stored. `kind` is a value of AssetKind. Sizes are in pixels, those of an SVG proportions.

    `likeness` and `evenness` say what a screenshot looks like.
    """

    kind: str
    content: bytes
    media_type: str
    width: int
    height: int
    likeness: bytes | None = None
    evenness: int | None = None


def examine(kind: str, content: bytes) -> Picture:
    """Returns what is stored of an uploaded picture. Raises Invalid (`asset.invalid`), which names every problem."""
    wrapped = problem_with_transfer(content)
    if wrapped is not None:
        raise refusal([wrapped])
    if len(content) > MAX_BYTES:
        detail = f"The picture has {len(content):,} bytes; at most {MAX_BYTES:,} are allowed."
        raise refusal([Problem(detail, SMALLER)])
    if kind != "screenshot":
        return _drawing(kind, content)
    raster = read_raster(content)
    facts = raster.facts
    return Picture(kind, raster.content, raster.media_type, facts.width, facts.height, facts.likeness, facts.evenness)


def _drawing(kind: str, content: bytes) -> Picture:
    other = problem_with_drawing_format(kind, content)
    if other is not None:
        raise refusal([other])
    if len(content) > MAX_UPLOADED_SVG_BYTES:
        detail = f"A {kind} is uploaded with at most {MAX_UPLOADED_SVG_BYTES:,} bytes; this one has {len(content):,}."
        raise refusal([Problem(detail, _SMALLER)])
    drawing = read_svg(content)
    if isinstance(drawing, Problem):
        raise refusal([drawing])
    problems = list(drawing.problems)
    if len(drawing.content) > MAX_SVG_BYTES:
        size = f"{len(drawing.content):,} bytes without what editors leave in it"
        problems.append(Problem(f"A {kind} may have at most {MAX_SVG_BYTES:,} bytes; it has {size}.", _SMALLER))
    problems += _problems_with_shape(kind, drawing.sides)
    if problems or drawing.sides is None:
        raise refusal(problems)
    width, height = drawing.sides
    return Picture(kind, drawing.content, "image/svg+xml", max(1, round(width)), max(1, round(height)))


def _problems_with_shape(kind: str, sides: tuple[float, float] | None) -> list[Problem]:
    if sides is None:
        return [Problem("It has no viewBox that states its proportions.", _BOX)]
    width, height = sides
    shown = f"this one is {width:g} wide and {height:g} high."
    if kind == "logo" and not width > height:
        return [Problem(f"A logo must be wider than high; {shown}", "Upload the horizontal form of the logo.")]
    if kind == "mark" and abs(width - height) > SQUARE_WITHIN * max(width, height):
        return [Problem(f"A mark must be square; {shown}", "Place it in a square viewBox.")]
    return []
