"""Naming files that are no picture which the catalog shows, with the way to one that it does. Pure."""

import re

from workflow.assets.problems import Problem

ACCEPTED = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_SAVE = "Save it as PNG, JPEG or WebP, and use that."
_EXPORT = "Export it as SVG, and use that."
_RAW = "Send the bytes of the file as they are, such as with curl --data-binary @picture."

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"II+\0", "a TIFF"),
    (b"MM\0+", "a TIFF"),
    (b"icns", "an icon file (ICNS)"),
    (b"8BPS", "a Photoshop file (PSD)"),
    (b"gimp xcf", "a GIMP file (XCF)"),
    (b"fig-kiwi", "a Figma file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"%!PS", "an EPS (PostScript)"),
    (b"\xc5\xd0\xd3\xc6", "an EPS (PostScript)"),
    (b"PK\x03\x04", "a ZIP archive, as Sketch and office programs write"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"qoif", "a QOI"),
    (b"\xd7\xcd\xc6\x9a", "a WMF"),
    (b"\0\xffKA", "a file of Affinity"),
    (b"\0\5\x16\7", "what macOS keeps beside a file (its name begins with ._)"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS, and not the file itself (git lfs pull)"),
)
_ICONS = {b"\0\0\1\0": "an icon file (ICO)", b"\0\0\2\0": "a cursor file (CUR)"}
"""What begins so has icons if it says how many: a TGA begins alike, and has zeros there."""
_BRANDS = {b"avif": "an AVIF", b"avis": "an AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "a HEIC"
)
_FORM = re.compile(rb"\s{0,16}--[^\r\n]{1,200}\r?\n(?:[^\r\n]{0,500}\r?\n){0,8}?content-disposition:", re.IGNORECASE)
_URLENCODED = re.compile(rb"(?:\w{1,40}=)?%(?:89PNG|FF%D8|3C(?:svg|%3F))", re.IGNORECASE)
_BASE64 = re.compile(
    rb"\s{0,16}(?:data:image/[\w+.-]{1,40}[;,]|iVBORw0KGgo|/9j/[\w+/]{8}|UklGR[\w+/]{8}|PHN2Zy|PD94bWwg)"
)
_HTML = re.compile(rb"\s{0,256}<(?:!doctype\s{1,16}html|html|head|body)\b", re.IGNORECASE)
_TEXT_TRANSFER = (
    b"\x89PNG\n\x1a\n",
    b"\x89PNG\r\n\x1a\r\n",
    b"\x89PNG\x1a",
    b"\xef\xbf\xbdPNG",
    b"\xc2\x89PNG",
    b"\xef\xbf\xbd\xef\xbf\xbd",
)


def format_of(content: bytes) -> str | None:
    """Returns PNG, JPEG or WEBP by the file's first bytes, None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return next((name for beginning, name in ACCEPTED.items() if content.startswith(beginning)), None)


def problem_with_transfer(content: bytes) -> Problem | None:
    """Returns how the file was changed or wrapped on its way, None if it was not."""
    if not content:
        return Problem("The picture is empty.", _RAW)
    if _FORM.match(content):
        return Problem("This is a form (multipart/form-data), not a picture.", _RAW)
    if _URLENCODED.match(content):
        return Problem("This picture was sent as a form (URL-encoded).", _RAW)
    if _BASE64.match(content):
        return Problem("This picture is written as base64 text.", f"Decode it first. {_RAW}")
    if content.startswith(_TEXT_TRANSFER):
        return Problem("This picture was damaged on its way, because it was sent as text.", _RAW)
    if content.lstrip()[:1] in {b"{", b"["}:
        return Problem("This is JSON, not a picture.", _RAW)
    return None


def name_of_other(content: bytes) -> str | None:
    """Returns what a file is that is no PNG, JPEG, WebP or SVG, such as "a TIFF"; None if it is not recognised."""
    for beginning, name in _BEGINNINGS:
        if content.startswith(beginning):
            return name
    if content[:4] in _ICONS:
        return _ICONS[content[:4]] if any(content[4:6]) else "a TGA"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "a HEIC, an AVIF or a video")
    if content.startswith(b"BM") and content[6:10] == bytes(4):
        return "a BMP"
    if content.startswith(b"\x1f\x8b"):
        return "a compressed file, such as an SVGZ"
    if b"%PDF-" in content[:1024]:
        return "a PDF, or a file of Illustrator"
    return "a web page (HTML)" if _HTML.match(content) else None


def problem_with_screenshot_format(content: bytes) -> Problem:
    """Returns what a file is that is to be a screenshot and has no accepted format."""
    other = name_of_other(content)
    if other is None and b"<svg" in content[:4096]:
        other = "an SVG"
    detail = f"this is {other}." if other else "this file is none, or its beginning is damaged."
    return Problem(f"A screenshot must be a PNG, JPEG or WebP; {detail}", _SAVE)


def problem_with_drawing_format(kind: str, content: bytes) -> Problem | None:
    """Returns what a file is that is to be a logo or a mark and is recognised as something else; None if it is not."""
    accepted = format_of(content)
    other = f"a {accepted.replace('WEBP', 'WebP')}" if accepted else name_of_other(content)
    return Problem(f"A {kind} must be an SVG; this is {other}.", _EXPORT) if other else None
