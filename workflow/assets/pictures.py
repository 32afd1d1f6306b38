"""Looking into uploaded pictures: what they are by their content, how large, and what must not be in them. Pure.

It takes a processor's time: call it in a thread, outside any transaction.
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
LEAST_SIDE = 200
SQUARE_WITHIN = 0.01
"""How far the sides of a mark may differ, as a part of the longer."""

_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture that was looked into. Width and height of an SVG are its proportions, rounded."""

    kind: AssetKind
    content: bytes
    media_type: str
    width: int
    height: int


def examine(kind: AssetKind, content: bytes) -> Picture:
    """Returns what the picture is, by its content alone. Raises Invalid (`asset.invalid`) with all that is wrong."""
    if not content:
        raise _invalid("The picture is empty.")
    if len(content) > MAX_BYTES:
        raise _invalid(f"The picture has {len(content)} bytes; {MAX_BYTES} is the most.")
    return _screenshot(content) if kind is AssetKind.SCREENSHOT else _drawing(kind, content)


def _drawing(kind: AssetKind, content: bytes) -> Picture:
    if len(content) > MAX_SVG_BYTES:
        raise _invalid(f"A {kind} is an SVG of at most {MAX_SVG_BYTES} bytes; this has {len(content)}.")
    root = parse_svg(content)
    if root is None:
        raise _invalid(f"A {kind} is an SVG; this is none, or it is broken.")
    problems = problems_with_svg(root)
    sides = proportions_of(root)
    if sides is None:
        raise _invalid(*problems, "It has no viewBox that says its proportions.")
    width, height = sides
    if kind is AssetKind.LOGO and not width > height:
        problems.append(f"A logo is horizontal; this is {width:g} wide and {height:g} high.")
    if kind is AssetKind.MARK and abs(width - height) > SQUARE_WITHIN * max(width, height):
        problems.append(f"A mark is square; this is {width:g} wide and {height:g} high.")
    if problems:
        raise _invalid(*problems)
    return Picture(kind, content, "image/svg+xml", max(1, round(width)), max(1, round(height)))


def _screenshot(content: bytes) -> Picture:
    try:
        with Image.open(BytesIO(content), formats=tuple(_MEDIA_TYPES)) as image:
            _refuse_size(*image.size)
            if getattr(image, "n_frames", 1) != 1:
                raise _invalid("A screenshot stands still; this moves.")
            image.load()
            width, height = image.size
            return Picture(AssetKind.SCREENSHOT, content, _MEDIA_TYPES[str(image.format)], width, height)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        if isinstance(error, UnidentifiedImageError):
            raise _invalid("A screenshot is a PNG, JPEG or WebP; this is none, or it is broken.") from None
        raise _invalid(f"A screenshot has at most {MAX_PIXELS} pixels; this has far more.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _invalid(f"The picture is broken: {str(error)[:200]}.") from None


def _refuse_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _invalid(f"A screenshot has at most {MAX_PIXELS} pixels and sides of {MAX_SIDE}; it is {width}x{height}.")
    if min(width, height) < LEAST_SIDE:
        raise _invalid(f"A screenshot has sides of at least {LEAST_SIDE} pixels; it is {width}x{height}.")


def _invalid(*problems: str) -> Invalid:
    return Invalid("asset.invalid", " ".join(problems), "Mend the picture and upload it again.")
