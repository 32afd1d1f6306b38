"""The containers of JPEG, PNG and WebP: copying the picture and its colour profile, and nothing else. Pure.

The compressed picture is copied as it is, so nothing of its quality is lost. What follows its end is left out.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator

MAX_INFLATED = 160_000_000
"""What the largest PNG allowed, with 16 bits for each of four channels, has inflated."""

_SEGMENT_END = re.compile(rb"\xff++[^\x00\xd0-\xd7\xff]")
"""Ends the compressed data of a JPEG: a marker that neither restarts it nor stands for a byte."""
_ICC = b"ICC_PROFILE\0"
_ADOBE = b"Adobe"
_ADOBE_BYTES = 12
"""What a decoder reads of the segment that names the colours of a JPEG."""
_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI"}
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ICCP"})
_WEBP_FLAGS = 0x30
"""The flags of VP8X that stay: colour profile (0x20) and transparency (0x10)."""


class DamagedError(Exception):
    """The container is not as its format demands."""


def bare(form: str, content: bytes) -> bytes:
    """Returns the first picture of a PNG, JPEG or WEBP without metadata. Raises DamagedError."""
    try:
        return _BARE[form](content)
    except (struct.error, IndexError, zlib.error) as error:
        raise DamagedError(str(error)) from error


def is_lossless(content: bytes) -> bool:
    """Returns whether a WebP stores its pixels without loss. Raises DamagedError."""
    return any(name == b"VP8L" for name, _ in _webp_chunks(content))


def _bare_jpeg(content: bytes) -> bytes:
    kept = [b"\xff\xd8"]
    at = 2
    while at < len(content):
        found = _SEGMENT_END.match(content, at)
        if found is None:
            raise DamagedError(f"there is no marker at byte {at}")
        marker = content[found.end() - 1]
        if marker == 0xD9:
            break
        if marker in {0x01, 0xD8}:
            at = found.end()
            continue
        (length,) = struct.unpack_from(">H", content, found.end())
        end = found.end() + length
        if length < 2 or end > len(content):
            raise DamagedError(f"the segment at byte {at} is cut off")
        kept.append(_kept_segment(marker, content[found.end() + 2 : end]))
        at = end
        if marker == 0xDA:
            ending = _SEGMENT_END.search(content, at)
            at = ending.start() if ending else len(content)
            kept.append(content[end:at])
    return b"".join((*kept, b"\xff\xd9"))


def _kept_segment(marker: int, payload: bytes) -> bytes:
    if marker == 0xE0:
        return _JFIF if payload.startswith(b"JFIF\0") else b""
    if (0xE1 <= marker <= 0xEF or marker >= 0xF0) and not (
        (marker == 0xE2 and payload.startswith(_ICC)) or (marker == 0xEE and payload.startswith(_ADOBE))
    ):
        return b""
    if marker == 0xEE:
        payload = payload[:_ADOBE_BYTES]
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def _bare_png(content: bytes) -> bytes:
    kept = [_PNG_SIGNATURE]
    data = []
    for name, payload in _png_chunks(content):
        if name == b"IDAT":
            data.append(payload)
        elif name in _PNG_KEPT:
            kept.append(_png_chunk(name, payload))
    kept += [_png_chunk(b"IDAT", part) for part in _without_rest(data)]
    return b"".join((*kept, _png_chunk(b"IEND", b"")))


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG_SIGNATURE)
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        payload = content[at + 8 : at + 8 + length]
        if len(payload) != length:
            raise DamagedError("a chunk is cut off")
        if name == b"IEND":
            return
        yield name, payload
        at += 12 + length


def _png_chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def _without_rest(parts: list[bytes]) -> list[bytes]:
    """Returns the compressed data up to its end: what an editor left behind it, of an earlier picture, is cut."""
    reader = zlib.decompressobj()
    kept = []
    size = 0
    for part in parts:
        waiting = part
        while waiting and not reader.eof:
            size += len(reader.decompress(waiting, 1 << 20))
            if size > MAX_INFLATED:
                raise DamagedError("it has more data than pixels")
            waiting = reader.unconsumed_tail
        kept.append(part[: len(part) - len(reader.unused_data)])
        if reader.eof:
            break
    return kept


def _bare_webp(content: bytes) -> bytes:
    kept = [b"WEBP"]
    for name, payload in _webp_chunks(content):
        if name == b"VP8X":
            kept.append(_webp_chunk(name, bytes([payload[0] & _WEBP_FLAGS, 0, 0, 0]) + payload[4:10]))
        elif name in _WEBP_KEPT:
            kept.append(_webp_chunk(name, payload))
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    (size,) = struct.unpack_from("<I", content, 4)
    end = min(len(content), 8 + size)
    at = 12
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        payload = content[at + 8 : at + 8 + length]
        if len(payload) != length:
            raise DamagedError("a chunk is cut off")
        yield name, payload
        at += 8 + length + length % 2


def _webp_chunk(name: bytes, payload: bytes) -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


_BARE: dict[str, Callable[[bytes], bytes]] = {"JPEG": _bare_jpeg, "PNG": _bare_png, "WEBP": _bare_webp}
