"""Screenshots: metadata is never stored, the picture stays as it is, and every refusal has the remedy that fits."""

import base64
import gzip
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, PngImagePlugin

from tests.launch import LOGO, SCREENSHOT
from workflow.assets.pictures import examine
from workflow.errors import Invalid

SECRET = b"52.5163N 13.3777E"
FORMS = ("JPEG", "PNG", "WEBP")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION = 0x0112


def _image(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    """Returns a picture whose corners differ."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 2), fill="red")
    draw.rectangle((width // 2, height // 2, width, height), fill="blue")
    return image.convert(mode)


def _bytes(image: Image.Image, form: str, **options: Any) -> bytes:
    written = BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def _png_of(width: int, height: int) -> bytes:
    """Returns a PNG that says it has this size, with a row of its pixels: a whole one would take long to make."""
    content = _bytes(Image.new("1", (width, 1)), "PNG")
    head = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:]


def _exif(orientation: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 58.0)
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return exif


def _stored(content: bytes) -> Image.Image:
    found = examine("screenshot", content)
    image = Image.open(BytesIO(found.content))
    image.load()
    assert (found.width, found.height) == image.size
    assert examine("screenshot", found.content) == found
    return image


def _refused(content: bytes, kind: str = "screenshot") -> Invalid:
    with pytest.raises(Invalid) as refused:
        examine(kind, content)
    assert refused.value.code == "asset.invalid"
    assert refused.value.remedy
    return refused.value


def _with_metadata() -> Iterator[tuple[str, bytes]]:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_text("Zipped", SECRET.decode(), zip=True)
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    common = {"exif": _exif(), "icc_profile": PROFILE}
    jpeg = _bytes(_image(), "JPEG", comment=SECRET, xmp=xmp, dpi=(300, 300), **common)
    iptc = b"\xff\xed" + struct.pack(">H", len(SECRET) + 16) + b"Photoshop 3.0\0" + SECRET
    thumbnail = b"\xff\xe0" + struct.pack(">H", 16 + len(SECRET)) + b"JFIF\0\1\1\0\0\1\0\1\1\1" + SECRET
    yield "JPEG", jpeg
    yield "JPEG", jpeg[:2] + thumbnail + iptc + jpeg[2:] + SECRET
    yield "JPEG", _bytes(_image(), "JPEG", progressive=True, comment=SECRET, **common)
    yield "JPEG", _bytes(_image(mode="CMYK"), "JPEG", comment=SECRET, **common)
    yield "JPEG", _bytes(_image(mode="L"), "JPEG", comment=SECRET, **common)
    yield "JPEG", _bytes(_image(), "MPO", save_all=True, append_images=[_image(300, 300)], **common)
    for mode in ("RGB", "RGBA", "L", "P", "1", "I;16", "LA"):
        image = _image(mode="L").convert("I;16") if mode == "I;16" else _image(mode=mode)
        yield "PNG", _bytes(image, "PNG", pnginfo=text, dpi=(300, 300), **common) + SECRET
    yield "PNG", _bytes(_image(mode="P"), "PNG", transparency=0, pnginfo=text, **common)
    for lossless in (True, False):
        yield "WEBP", _bytes(_image(), "WEBP", lossless=lossless, xmp=xmp, **common) + SECRET
        yield "WEBP", _bytes(_image(mode="RGBA"), "WEBP", lossless=lossless, xmp=xmp, **common)


def _chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def _left_in() -> Iterator[tuple[str, bytes]]:
    """Pictures with what editors leave in them, or what is damaged and nothing of what is seen."""
    jpeg, png = _bytes(_image(), "JPEG"), _bytes(_image(), "PNG")
    diagram = b"mxfile\0\0" + zlib.compress(b"<mxGraphModel>" * 100_000)
    described = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x>" * 500_000)
    wide = b"icc\0\0" + zlib.compress(bytes(3_000_000))
    in_png = {
        "a diagram": _chunk(b"zTXt", diagram),
        "a long XMP": _chunk(b"iTXt", described),
        "a long text": _chunk(b"tEXt", b"workflow\0" + b"x" * 1_200_000),
        "an unknown compression": _chunk(b"zTXt", b"a\0\5nonsense"),
        "a wrong sum": _chunk(b"tEXt", b"a\0b")[:-4] + b"none",
        "no Exif": _chunk(b"eXIf", b"nonsense"),
        "a short gamma": _chunk(b"gAMA", b"\0"),
        "a short resolution": _chunk(b"pHYs", b"\0"),
        "an empty sRGB": _chunk(b"sRGB", b""),
        "a broken profile": _chunk(b"iCCP", b"a\0\0nonsense"),
        "a huge profile": _chunk(b"iCCP", wide),
        "no animation": _chunk(b"acTL", b"\0"),
        "a second header": _chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)),
    }
    for name, extra in in_png.items():
        yield f"PNG: {name}", png[:33] + extra + png[33:]
    in_jpeg = {
        "a short JFIF": b"\xff\xe0\0\x07JFIF\0",
        "a short profile": b"\xff\xe2\0\x0eICC_PROFILE\0",
        "a short Adobe": b"\xff\xee\0\x07Adobe",
        "no Exif": b"\xff\xe1\0\x0aExif\0\0MM",
        "no index of pictures": b"\xff\xe2\0\x09MPF\0MM\0",
    }
    for name, extra in in_jpeg.items():
        yield f"JPEG: {name}", jpeg[:2] + extra + jpeg[2:]


LEFT_IN = dict(_left_in())


@pytest.mark.parametrize("name", LEFT_IN)
def test_what_browsers_pass_over_in_a_picture_is_no_reason_to_refuse_it(name: str) -> None:
    form = name.partition(":")[0]
    assert _pixels(examine("screenshot", LEFT_IN[name]).content) == _pixels(_bytes(_image(), form))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_is_turned_by_what_browsers_turn_it_by_alone(form: str) -> None:
    said = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", said)
    content = _bytes(_image(), form, **({"xmp": said.encode()} if form == "JPEG" else {"pnginfo": text}))
    assert _stored(content).size == _image().size


def _rows(width: int, height: int, colour: int, depth: int, *, interlaced: int = 0, rows: int | None = None) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    data = zlib.compress(bytes((1 + (width * bits + 7) // 8) * (height if rows is None else rows)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("colour", "depth"), [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)]
)
def test_a_png_has_all_the_rows_that_it_says(colour: int, depth: int) -> None:
    assert _stored(_rows(211, 203, colour, depth)).size == (211, 203)
    assert "less data" in _refused(_rows(211, 203, colour, depth, rows=202)).detail


def _pixels(content: bytes) -> tuple[str, bytes]:
    with Image.open(BytesIO(content)) as image:
        return image.mode, image.convert("RGBA").tobytes()


WITH_METADATA = tuple(_with_metadata())


@pytest.mark.parametrize(("form", "content"), WITH_METADATA, ids=[form for form, _ in WITH_METADATA])
def test_no_metadata_but_the_colour_profile_is_stored_and_no_pixel_changes(form: str, content: bytes) -> None:
    image = _stored(content)
    stored = examine("screenshot", content).content
    assert SECRET not in stored
    assert image.format == form
    assert image.info.get("icc_profile") == PROFILE
    assert not image.getexif()
    assert {"comment", "xmp", "exif", "dpi", "mp", "photoshop", "Comment", "XML:com.adobe.xmp"} & set(
        image.info
    ) == set()
    assert getattr(image, "n_frames", 1) == 1
    assert _pixels(stored) == _pixels(content)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_stored_as_people_see_it(form: str, orientation: int) -> None:
    seen = _image()
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = seen.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else seen
    stored = _stored(_bytes(turned, form, exif=_exif(orientation), icc_profile=PROFILE))
    assert stored.size == seen.size
    assert stored.info.get("icc_profile") == PROFILE
    difference = ImageChops.difference(stored.convert("RGB"), seen)
    assert max(high for _, high in difference.resize((32, 24), Image.Resampling.BOX).getextrema()) < 40  # type: ignore[misc]
    assert [corner(stored) for corner in (_top_left, _top_right)] == ["red", "white"]


def _top_left(image: Image.Image) -> str:
    return _colour(image, 20, 20)


def _top_right(image: Image.Image) -> str:
    return _colour(image, image.width - 20, 20)


def _colour(image: Image.Image, x: int, y: int) -> str:
    red, green, blue = image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
    return "red" if red > 200 > green else "white" if min(red, green, blue) > 200 else "blue"


def test_a_transparent_palette_stays_transparent_when_it_is_turned() -> None:
    content = _bytes(_image(mode="P"), "PNG", transparency=_image(mode="P").getpixel((5, 5)), exif=_exif(3))
    assert _stored(content).convert("RGBA").getpixel((315, 235))[3] == 0  # type: ignore[index]


def test_a_turned_jpeg_keeps_the_quality_of_the_original() -> None:
    content = _bytes(_image(), "JPEG", quality=97, exif=_exif(6))
    with Image.open(BytesIO(content)) as image:
        assert _stored(content).quantization == image.quantization  # type: ignore[attr-defined]


def test_what_an_editor_left_behind_the_end_of_a_cropped_png_is_cut() -> None:
    content = _bytes(_image(), "PNG")
    end = content.index(b"IEND") - 4
    data = zlib.compress(SECRET * 9)
    left = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    assert data not in examine("screenshot", content[:end] + left + content[end:] + left).content


def test_an_example_without_metadata_is_stored_as_it_is() -> None:
    assert examine("screenshot", SCREENSHOT).content == SCREENSHOT


def _form(name: bytes) -> bytes:
    head = (
        b'------b1\r\nContent-Disposition: form-data; name="file"; filename="'
        + name
        + b'"\r\nContent-Type: image/png\r\n\r\n'
    )
    return head + SCREENSHOT + b"\r\n------b1--\r\n"


def _brand(brand: bytes) -> bytes:
    return b"\0\0\0\x20ftyp" + brand + bytes(400)


ONE_OF_THREE = "PNG, JPEG or WebP"
AS_THEY_ARE = "--data-binary"
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "a large one": (_png_of(6016, 3384), "6016x3384", "Scale it to 5333x3000"),
    "a wide one": (_png_of(10000, 1000), "10000x1000", "Scale it to 8192x819"),
    "a ribbon": (_png_of(8193, 200), "8193x200", "Crop"),
    "a bomb": (_png_of(30000, 30000), "pixels", "Scale it"),
    "a small one": (_bytes(_image(100, 100), "PNG"), "100x100", "larger"),
    "an animated WebP": (
        _bytes(_image(), "WEBP", save_all=True, append_images=[_image(mode="L")]),
        "animated",
        "frames",
    ),
    "an animated PNG": (_bytes(_image(), "PNG", save_all=True, append_images=[_image(mode="L")]), "animated", "frames"),
    "a GIF": (_bytes(_image(), "GIF"), "a GIF", ONE_OF_THREE),
    "an AVIF": (_bytes(_image(), "AVIF"), "an AVIF", ONE_OF_THREE),
    "a HEIC": (_brand(b"heic"), "a HEIC", ONE_OF_THREE),
    "a video": (_brand(b"qt  "), "video", ONE_OF_THREE),
    "a TIFF": (_bytes(_image(), "TIFF"), "a TIFF", ONE_OF_THREE),
    "a BMP": (_bytes(_image(), "BMP"), "a BMP", ONE_OF_THREE),
    "an ICO": (_bytes(_image(), "ICO"), "ICO", ONE_OF_THREE),
    "a PDF": (_bytes(_image(), "PDF"), "a PDF", ONE_OF_THREE),
    "an EPS": (_bytes(_image(), "EPS"), "EPS", ONE_OF_THREE),
    "a JPEG 2000": (_bytes(_image(), "JPEG2000"), "JPEG 2000", ONE_OF_THREE),
    "a page": (b"\n<!DOCTYPE html><html>", "HTML", ONE_OF_THREE),
    "an SVG": (LOGO, "an SVG", ONE_OF_THREE),
    "nonsense": (b"nonsense", "none", ONE_OF_THREE),
    "nothing": (b"", "empty", AS_THEY_ARE),
    "a form": (_form(b"shot.png"), "form", AS_THEY_ARE),
    "an encoded form": (b"file=%89PNG%0D%0A", "form", AS_THEY_ARE),
    "base64": (base64.b64encode(SCREENSHOT), "base64", AS_THEY_ARE),
    "a data address": (b"data:image/png;base64," + base64.b64encode(SCREENSHOT), "base64", AS_THEY_ARE),
    "curl -d": (SCREENSHOT.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""), "as text", AS_THEY_ARE),
    "another line end": (SCREENSHOT.replace(b"\r\n", b"\n"), "as text", AS_THEY_ARE),
    "decoded as UTF-8": (SCREENSHOT.decode("utf-8", "replace").encode(), "as text", AS_THEY_ARE),
    "JSON": (b'{"file": "x"}', "JSON", AS_THEY_ARE),
    "a cut PNG": (_bytes(_image(), "PNG")[:300], "cut off", "whole file"),
    "a cut JPEG": (_bytes(_image(), "JPEG")[:-900], "cut off", "whole file"),
    "a cut WebP": (_bytes(_image(), "WEBP")[:-100], "cut off", "whole file"),
    "a PNG without its palette": (_rows(240, 240, 3, 8), "palette", "whole file"),
    "half an interlaced PNG": (_rows(240, 240, 2, 8, interlaced=1, rows=120), "cut off", "whole file"),
    "a TGA": (_bytes(_image(), "TGA"), "a TGA", ONE_OF_THREE),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull", ONE_OF_THREE),
    "a file beside it": (b"\0\5\x16\7\0\2\0\0Mac OS X", "._", ONE_OF_THREE),
    "a broken PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged", "whole file"),
    "a heavy one": (SCREENSHOT + bytes(6 * 1024 * 1024), "bytes", "JPEG or WebP"),
}


@pytest.mark.parametrize(("content", "words", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_screenshot_is_named_with_the_remedy_that_fits(content: bytes, words: str, remedy: str) -> None:
    refused = _refused(content)
    assert words in refused.detail
    assert remedy in refused.remedy


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (SCREENSHOT, "a PNG", "SVG"),
        (_bytes(_image(), "PDF"), "a PDF", "SVG"),
        (gzip.compress(LOGO), "SVGZ", "SVG"),
        (_form(b"logo.svg").replace(SCREENSHOT, LOGO), "form", AS_THEY_ARE),
        (LOGO.replace(b'xmlns="http://www.w3.org/2000/svg"', b""), "no namespace", "svg element"),
        (LOGO[:-20], "cannot be read", "whole file"),
        (b"<rss/>", "rss", "SVG"),
        (LOGO.replace(b"<title>", b"<!--" + b"x" * 300_000 + b"--><title>" + b"x" * 270_000), "270,", "simplify"),
        (LOGO + b" " * (1 << 20), "bytes", "simplify"),
    ],
)
def test_what_is_no_logo_is_named_with_the_remedy_that_fits(content: bytes, words: str, remedy: str) -> None:
    refused = _refused(content, "logo")
    assert words in refused.detail
    assert remedy in refused.remedy


@given(data=st.data())
def test_a_damaged_picture_is_stored_without_metadata_or_refused_with_a_remedy(data: st.DataObject) -> None:
    _, content = data.draw(st.sampled_from(WITH_METADATA))
    damaged = bytearray(content)
    for at in data.draw(st.lists(st.integers(0, min(len(content) - 1, 900)), max_size=3)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(damaged), len(damaged) // 2, 30]))
    try:
        stored = examine("screenshot", bytes(damaged[:cut]))
    except Invalid as refused:
        problem = refused
    else:
        assert SECRET not in stored.content
        return
    assert problem.remedy
