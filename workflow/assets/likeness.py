"""What a screenshot looks like, in a few numbers: whether it is blank, and whether two of them look alike."""

from typing import Final

from PIL import Image

LIKENESS_BYTES: Final = 32
_SIDE: Final = 16
_SAMPLED: Final = 512
"""The sides of the sample of a picture that is looked at: whatever its size, this costs the same."""
_BRIGHTER: Final = 8
"""By how much of 255 a point must be brighter than another to count: less is noise of a lossy format."""
_SHADES: Final = 32
"""How many shades of a colour are told apart: what a lossy format does to a plain area is not seen."""


def sample_of(image: Image.Image) -> Image.Image:
    """Returns a bounded number of the picture's pixels, in red, green and blue, on white where it is transparent."""
    sides = min(_SAMPLED, image.width), min(_SAMPLED, image.height)
    sample = image.resize(sides, Image.Resampling.NEAREST)
    if sample.mode == "I;16":  # a conversion would cut off its shades at 255, so that nearly all of them are white
        return sample.point(lambda shade: shade * (1 / 256)).convert("L").convert("RGB")
    if "A" not in sample.getbands() and "transparency" not in sample.info:
        return sample.convert("RGB")
    ground = Image.new("RGBA", sides, "white")
    return Image.alpha_composite(ground, sample.convert("RGBA")).convert("RGB")


def likeness_of(sample: Image.Image) -> bytes:
    """Returns the bits of a picture that another one shares if it looks alike: where it grows brighter to the right."""
    grey = sample.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    pixels = grey.tobytes()
    bits = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            place = row * (_SIDE + 1) + column
            bits = bits << 1 | (pixels[place] + _BRIGHTER < pixels[place + 1])
    return bits.to_bytes(LIKENESS_BYTES, "big")


def evenness_of(sample: Image.Image) -> int:
    """Returns how much of a picture has its most frequent colour, in thousandths."""
    step = 256 // _SHADES
    colours = sample.point(lambda value: value // step * step).getcolors(maxcolors=_SAMPLED * _SAMPLED) or []
    return max((count for count, _ in colours), default=0) * 1000 // (sample.width * sample.height)
