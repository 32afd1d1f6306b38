"""However a picture is made, reading it costs no more than its process may use, and grows with its length alone."""

import asyncio
import struct
import zlib
from dataclasses import replace

from api.main import PICTURE_LIMITS
from runtime.confined import ConfinedPool
from workflow.assets.reading import TARGET

CHARACTERS = 120_000
"""A cost that grew with the square of their number would not end within the limits."""


PATIENT = replace(PICTURE_LIMITS, wait_s=240, wall_s=240)
"""The limits of the product, for a machine that does other things at the same time."""


def _svg(content: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50">{content}</svg>'.encode()


def _times(part: str) -> str:
    return part * (CHARACTERS // len(part))


def _counted(part: str) -> str:
    return "".join(part % number for number in range(CHARACTERS // (len(part) + 3)))


SVGS = {
    "spaces in an address": '<path style="url(' + _times(" ") + '"/>',
    "open brackets": '<path style="a:' + _times("(") + '"/>',
    "nested functions": '<path fill="' + _times("a(") + '"/>',
    "nested rules": "<style>" + _times("a{b:c;") + "</style>",
    "a long number": '<path style="fill:' + _times("1") + '"/>',
    "escapes": '<path style="fill:' + _times("\\61 ") + '"/>',
    "comments between words": "<text>" + _times("<!---->a") + "</text>",
    "comments in a style sheet": "<style>" + _times("<!---->a") + "</style>",
    "attributes": "<path " + _counted('a%d="" ') + "/>",
    "namespaces": _counted("<g xmlns:a='u%d' a:b=''/>"),
    "choices": "<switch>" + _times("<foreignObject/>") + "</switch>",
    "rules for many elements": "<mask id='a'/><style>"
    + _counted(".a%d,.b{mask:url(#a)}")
    + "</style>"
    + "<g class='b'/>" * 4000,
    "references of many elements": "<style>.b{" + _counted("mask:url(#a%d);") + "}</style>" + "<g class='b'/>" * 4000,
    "uses": "<path id='a'/>" + "<use href='#a'/>" * 4000,
    "nested elements": "<g>" * 250 + "<g/>" * 4000 + "</g>" * 250,
}


def _bomb() -> bytes:
    """Returns a PNG of 8 pixels whose data inflates to a gigabyte."""
    deflater = zlib.compressobj(9)
    data = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(1024)) + deflater.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 400, 400, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in chunks
    )


def test_no_picture_uses_up_the_limits_of_its_process() -> None:
    pool = ConfinedPool(TARGET, PATIENT, at_once=2, waiting=len(SVGS) + 2)
    asked = [b"logo\n" + _svg(content) for content in SVGS.values()] + [b"screenshot\n" + _bomb()]

    async def read_all() -> list[bytes | BaseException]:
        return await asyncio.gather(*map(pool.run, asked), return_exceptions=True)

    answers = dict(zip([*SVGS, "a PNG that inflates"], asyncio.run(read_all()), strict=True))
    assert {name: answer for name, answer in answers.items() if not isinstance(answer, bytes)} == {}
