"""Reading a screenshot: its size as people see it, and its bytes without metadata. Pure.

If the picture stands upright, its compressed data is copied as it is. If its metadata turns it, it is turned, and
written anew as close to its quality as its format allows.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO
from math import floor, sqrt

from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from workflow.assets.containers import DamagedError, bare, is_lossless, legible
from workflow.assets.facts import PictureFacts
from workflow.assets.likeness import evenness_of, likeness_of, sample_of
from workflow.assets.problems import Problem, refusal
from workflow.assets.recognition import format_of, problem_with_screenshot_format

MAX_PIXELS = 16_000_000
MAX_SIDE = 8192
MIN_SIDE = 200
MAX_BYTES = 5 * 1024 * 1024
SMALLER = "Save it as JPEG or WebP, or scale it down."
"""What to do about a picture of more bytes."""

_ORIENTATION = 0x0112
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_WHOLE = "Save it again, and upload the whole file."


@dataclass(frozen=True, slots=True)
class Raster:
    """A screenshot without metadata but its colour profile, its size as it is shown, and what it looks like."""

    content: bytes
    media_type: str
    facts: PictureFacts


def read_raster(content: bytes) -> Raster:
    """Returns the picture; of a JPEG that holds several, the first one. Raises Invalid with the remedy that fits."""
    form = format_of(content)
    if form is None:
        raise refusal([problem_with_screenshot_format(content)])
    try:
        with warnings.catch_warnings(action="ignore"):
            return _read(form, content)
    except UnidentifiedImageError:
        raise refusal([_damaged("its beginning cannot be read")]) from None
    except Image.DecompressionBombError:
        detail = f"A screenshot may have at most {MAX_PIXELS:,} pixels; this one has far more."
        raise refusal([Problem(detail, f"Scale it to at most {MAX_SIDE} pixels per side.")]) from None
    except (OSError, SyntaxError, ValueError, EOFError, DamagedError) as error:
        raise refusal([_damaged(str(error)[:200])]) from None


def _read(form: str, uploaded: bytes) -> Raster:
    content = legible(form, uploaded)
    with Image.open(BytesIO(content), formats=(form,)) as image:
        _refuse_size(*image.size)
        if getattr(image, "n_frames", 1) != 1:
            detail = "A screenshot must stand still; this one is animated."
            raise refusal([Problem(detail, "Save one of its frames as PNG, JPEG or WebP.")])
        image.load()
        turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
        written = _upright(form, content, image) if turned else content
        written = bare(form, written)
    return Raster(written, _MEDIA_TYPES[form], _checked(form, written))


def _upright(form: str, content: bytes, original: Image.Image) -> bytes:
    """Returns the picture turned as its metadata says, written with its own quality."""
    options: dict[str, object] = {"icc_profile": original.info.get("icc_profile"), "exif": b""}
    if form == "JPEG" and isinstance(original, JpegImagePlugin.JpegImageFile):
        sampling = JpegImagePlugin.get_sampling(original)
        options |= {
            "qtables": original.quantization,
            "subsampling": sampling if sampling == 2 else 0,
            "progressive": bool(original.info.get("progressive")),
        }
    elif form == "WEBP":
        options |= {"lossless": is_lossless(content), "quality": 95, "exact": True}
    written = BytesIO()
    ImageOps.exif_transpose(original).save(written, form, **options)
    return written.getvalue()


def _checked(form: str, written: bytes) -> PictureFacts:
    """Returns the size of the picture that is stored, and what it looks like, after decoding it."""
    if len(written) > MAX_BYTES:
        detail = f"Turned upright, the picture has {len(written):,} bytes; at most {MAX_BYTES:,} are allowed."
        raise refusal([Problem(detail, "Turn it upright yourself, and save it as JPEG or WebP.")])
    with Image.open(BytesIO(written), formats=(form,)) as image:
        image.load()
        sample = sample_of(image)
        return PictureFacts(*image.size, likeness_of(sample), evenness_of(sample))


def _refuse_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limits = f"at most {MAX_PIXELS:,} pixels, and {MAX_SIDE} pixels per side"
        raise refusal(
            [Problem(f"A screenshot may have {limits}; this one is {width}x{height}.", _scale(width, height))]
        )
    if min(width, height) < MIN_SIDE:
        detail = f"A screenshot must have at least {MIN_SIDE} pixels per side; this one is {width}x{height}."
        raise refusal([Problem(detail, "Take it again from a larger window; do not enlarge it.")])


def _scale(width: int, height: int) -> str:
    by = min(MAX_SIDE / max(width, height), sqrt(MAX_PIXELS / (width * height)))
    fitting = floor(width * by), floor(height * by)
    if min(fitting) < MIN_SIDE:
        return "Crop it to the part that matters: it is too long and narrow to be scaled."
    return f"Scale it to {fitting[0]}x{fitting[1]} or less."


def _damaged(why: str) -> Problem:
    return Problem(f"The picture is damaged or cut off: {why}.", _WHOLE)
