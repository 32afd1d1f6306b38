"""Examining uploaded pictures: their type by their content, their size, and whether they are safe to show. Pure.

This uses a lot of CPU time: call it in a thread, outside any transaction.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from models.asset import AssetKind
from workflow.assets.svg import parse_svg, problems_with_svg, proportions_of
from workflow.errors import Invalid

MAX_BYTES = 5 * 1024 * 1024
MAX_SVG_BYTES = 256 * 1024
MAX_PIXELS = 16_000_000
MAX_SIDE = 8192
MIN_SIDE = 200
SQUARE_WITHIN = 0.01
"""How far the sides of a mark may differ, as a fraction of the longer side."""

_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture that passed its examination. Sizes are in pixels; those of an SVG are rounded proportions."""

    kind: AssetKind
    content: bytes
    media_type: str
    width: int
    height: int


def examine(kind: AssetKind, content: bytes) -> Picture:
    """Returns the picture with its type and size. Raises Invalid (`asset.invalid`), which names every problem."""
    if not content:
        raise _invalid("The picture is empty.")
    if len(content) > MAX_BYTES:
        raise _invalid(f"The picture has {len(content)} bytes; at most {MAX_BYTES} are allowed.")
    return _screenshot(content) if kind is AssetKind.SCREENSHOT else _drawing(kind, content)


def _drawing(kind: AssetKind, content: bytes) -> Picture:
    if len(content) > MAX_SVG_BYTES:
        raise _invalid(f"A {kind} must be an SVG of at most {MAX_SVG_BYTES} bytes; this one has {len(content)}.")
    root = parse_svg(content)
    if root is None:
        raise _invalid(f"A {kind} must be an SVG; this file is not one, or it is damaged.")
    problems = problems_with_svg(root)
    sides = proportions_of(root)
    if sides is None:
        raise _invalid(*problems, "It has no viewBox, which would state its proportions.")
    width, height = sides
    if kind is AssetKind.LOGO and not width > height:
        problems.append(f"A logo must be wider than high; this one is {width:g} wide and {height:g} high.")
    if kind is AssetKind.MARK and abs(width - height) > SQUARE_WITHIN * max(width, height):
        problems.append(f"A mark must be square; this one is {width:g} wide and {height:g} high.")
    if problems:
        raise _invalid(*problems)
    return Picture(kind, content, "image/svg+xml", max(1, round(width)), max(1, round(height)))


def _screenshot(content: bytes) -> Picture:
    try:
        with Image.open(BytesIO(content), formats=tuple(_MEDIA_TYPES)) as image:
            _refuse_size(*image.size)
            if getattr(image, "n_frames", 1) != 1:
                raise _invalid("A screenshot must not be animated.")
            image.load()
            width, height = image.size
            return Picture(AssetKind.SCREENSHOT, content, _MEDIA_TYPES[str(image.format)], width, height)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        if isinstance(error, UnidentifiedImageError):
            raise _invalid("A screenshot must be a PNG, JPEG or WebP; this file is none, or it is damaged.") from None
        raise _invalid(f"A screenshot may have at most {MAX_PIXELS} pixels; this one has far more.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _invalid(f"The picture is damaged: {str(error)[:200]}.") from None


def _refuse_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limits = f"at most {MAX_PIXELS} pixels, and {MAX_SIDE} pixels per side"
        raise _invalid(f"A screenshot may have {limits}; this one is {width}x{height}.")
    if min(width, height) < MIN_SIDE:
        raise _invalid(f"A screenshot must have at least {MIN_SIDE} pixels per side; this one is {width}x{height}.")


def _invalid(*problems: str) -> Invalid:
    return Invalid("asset.invalid", " ".join(problems), "Fix the picture and upload it again.")
