"""Screenshots are measured when they are uploaded, and judged by that in the review of the catalog entry."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from tests.workers.sites import PROFILE, site
from workers.steps import RUNS
from workers.steps.step import Evidence
from workflow.assets.facts import PictureFacts
from workflow.assets.pictures import examine

TEXT = "Charts for a whole team, from the events you have."


def _draw(*, sides: tuple[int, int] = (1280, 720), seed: int = 1, ground: str = "white") -> Image.Image:
    """Returns a picture of a page with bars, which depend on the seed."""
    image = Image.new("RGB", sides, ground)
    draw = ImageDraw.Draw(image)
    for bar in range(12):
        left = sides[0] * bar // 12
        height = sides[1] * ((bar * 7 + 3) * seed % 11 + 1) // 12
        draw.rectangle((left, sides[1] - height, left + sides[0] // 16, sides[1]), fill=(40 * seed % 255, 90, 10 * bar))
    return image


def _in_16_bits(image: Image.Image) -> Image.Image:
    """Returns the picture in 65,536 shades of grey."""
    return Image.frombytes("I;16", image.size, b"".join(bytes((0, shade)) for shade in image.convert("L").tobytes()))


def _facts(image: Image.Image, form: str = "PNG", **options: int) -> PictureFacts:
    written = BytesIO()
    image.save(written, form, **options)
    found = examine("screenshot", written.getvalue())
    return PictureFacts(found.width, found.height, found.likeness, found.evenness)


def _codes(*facts: PictureFacts) -> list[tuple[str, str]]:
    pictures = {f"id {place}": one for place, one in enumerate(facts, 1)}
    given = {"text": TEXT, "screenshots": [*pictures, "id of none"]}
    outcome = RUNS["catalog_details"](Evidence("Acme", given, PROFILE, pictures=pictures), site(""))
    assert all(one.detail and one.remedy and one.evidence for one in outcome.findings)
    return [(one.code, one.where) for one in outcome.findings]


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (lambda: _draw(), ""),
        (lambda: _draw(sides=(640, 400)), ""),
        (lambda: _in_16_bits(_draw()), ""),
        (lambda: _draw(sides=(600, 400)), "screenshot.small"),
        (lambda: _draw(sides=(2000, 700)), "screenshot.ratio"),
        (lambda: _draw(sides=(700, 2000)), "screenshot.ratio"),
        (lambda: Image.new("RGB", (1280, 720), "white"), "screenshot.blank"),
        (lambda: Image.new("L", (1280, 720), 7), "screenshot.blank"),
        (lambda: Image.new("RGBA", (1280, 720), (200, 0, 0, 0)), "screenshot.blank"),
        (lambda: Image.new("P", (1280, 720), 3), "screenshot.blank"),
        (lambda: Image.new("I;16", (1280, 720), 65000), "screenshot.blank"),
    ],
)
def test_a_screenshot_is_measured(image: Callable[[], Image.Image], code: str) -> None:
    assert _codes(_facts(image())) == ([(code, "id 1")] if code else [])


def test_a_blank_screenshot_of_a_lossy_format_is_blank() -> None:
    assert _codes(_facts(Image.new("RGB", (1280, 720), (250, 251, 250)), "JPEG", quality=40)) == [
        ("screenshot.blank", "id 1")
    ]


def test_screenshots_that_look_alike_are_named_once_each() -> None:
    one = _facts(_draw())
    smaller, jpeg = _facts(_draw().resize((960, 540))), _facts(_draw(), "JPEG", quality=60)
    other = _facts(_draw(seed=3))
    assert _codes(one, other) == []
    assert _codes(one, _facts(_in_16_bits(_draw()))) == [("screenshot.alike", "id 2")]
    assert _codes(one, smaller, other, jpeg) == [("screenshot.alike", "id 2"), ("screenshot.alike", "id 4")]
    blank = _facts(Image.new("RGB", (1280, 720), "white"))
    assert _codes(blank, blank) == [("screenshot.blank", "id 1"), ("screenshot.blank", "id 2")]


def test_pictures_of_earlier_versions_which_were_not_looked_at_are_only_measured() -> None:
    assert _codes(PictureFacts(1280, 720), PictureFacts(1280, 720)) == []
    assert _codes(PictureFacts(300, 200), PictureFacts(1280, 720)) == [("screenshot.small", "id 1")]
