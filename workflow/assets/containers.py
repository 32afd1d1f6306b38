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
_ICC_BYTES = 14
"""What stands before the profile in each of its segments."""
_ADOBE = b"Adobe"
_ADOBE_BYTES = 12
"""What a decoder reads of the segment that names the colours of a JPEG."""
_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI"}
)
_PNG_READ = _PNG_KEPT | {b"eXIf", b"acTL", b"fcTL", b"fdAT"}
"""What says besides how the picture stands, and whether it moves."""
_PNG_REPEATED = frozenset({b"IDAT", b"fcTL", b"fdAT"})
"""Of all other chunks browsers read the first."""
_PNG_LENGTHS = {b"cHRM": 32, b"gAMA": 4, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"acTL": 8, b"fcTL": 26}
"""What has another length browsers pass over."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""How many samples a pixel of a PNG has, by its type of colour."""
_PALETTE = 3
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Where the passes of an interlaced PNG begin, and their steps: across, and down."""
MAX_PROFILE = 1024 * 1024
"""The size of a colour profile, inflated. A longer one is left out."""
_EXIF = b"Exif\0\0"
_TIFF = (b"II*\0", b"MM\0*")
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


def legible(form: str, content: bytes) -> bytes:
    """Returns the first picture of a file with what a decoder needs to read it: besides the picture how it stands.

    Browsers pass over what editors leave in a picture; a decoder refuses it for its length or its faults, so that it is
    taken out before. Nothing is inflated but a colour profile. Raises DamagedError.
    """
    try:
        return _LEGIBLE[form](content)
    except (struct.error, IndexError, zlib.error) as error:
        raise DamagedError(str(error)) from error


def is_lossless(content: bytes) -> bool:
    """Returns whether a WebP stores its pixels without loss. Raises DamagedError."""
    return any(name == b"VP8L" for name, _ in _webp_chunks(content))


def _legible_jpeg(content: bytes) -> bytes:
    return _bare_jpeg(content, with_exif=True)


def _bare_jpeg(content: bytes, *, with_exif: bool = False) -> bytes:
    kept = [b"\xff\xd8"]
    at = 2
    is_whole = False
    while at < len(content):
        found = _SEGMENT_END.match(content, at)
        if found is None:
            raise DamagedError(f"there is no marker at byte {at}")
        marker = content[found.end() - 1]
        if marker == 0xD9:
            is_whole = True
            break
        if marker in {0x01, 0xD8}:
            at = found.end()
            continue
        (length,) = struct.unpack_from(">H", content, found.end())
        end = found.end() + length
        if length < 2 or end > len(content):
            raise DamagedError(f"the segment at byte {at} is cut off")
        payload = content[found.end() + 2 : end]
        if with_exif and marker == 0xE1 and payload.startswith(_EXIF):
            kept.append(content[found.start() : end])
        else:
            kept.append(_kept_segment(marker, payload))
        at = end
        if marker == 0xDA:
            ending = _SEGMENT_END.search(content, at)
            at = ending.start() if ending else len(content)
            kept.append(content[end:at])
    # Without its end a decoder sees that the picture is cut off.
    return b"".join((*kept, b"" if with_exif and not is_whole else b"\xff\xd9"))


def _kept_segment(marker: int, payload: bytes) -> bytes:
    if marker == 0xE0:
        return _JFIF if payload.startswith(b"JFIF\0") else b""
    if (0xE1 <= marker <= 0xEF or marker >= 0xF0) and not (
        (marker == 0xE2 and payload.startswith(_ICC) and len(payload) >= _ICC_BYTES)
        or (marker == 0xEE and payload.startswith(_ADOBE) and len(payload) >= _ADOBE_BYTES)
    ):
        return b""
    if marker == 0xEE:
        payload = payload[:_ADOBE_BYTES]
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def _legible_png(content: bytes) -> bytes:
    kept = [_png_chunk(name, payload) for name, payload in _png_chunks(content) if name in _PNG_READ]
    return b"".join((_PNG_SIGNATURE, *kept, _png_chunk(b"IEND", b"")))


def _bare_png(content: bytes) -> bytes:
    kept = [_PNG_SIGNATURE]
    data = []
    expected = 0
    lacks_palette = False
    for name, payload in _png_chunks(content):
        if name == b"IHDR":
            expected = _bytes_of_rows(payload)
            lacks_palette = payload[9] == _PALETTE
        lacks_palette = lacks_palette and name != b"PLTE"
        if name == b"IDAT":
            data.append(payload)
        elif name in _PNG_KEPT:
            kept.append(_png_chunk(name, payload))
    if lacks_palette:
        raise DamagedError("its palette is missing")
    kept += [_png_chunk(b"IDAT", part) for part in _without_rest(data, expected)]
    return b"".join((*kept, _png_chunk(b"IEND", b"")))


def _bytes_of_rows(header: bytes) -> int:
    """Returns how many bytes the rows of a PNG have, inflated, by its header. Each row begins with its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if colour not in _SAMPLES:
        raise DamagedError(f"it has no type of colour {colour}")
    bits = depth * _SAMPLES[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sides = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in passes]
    return sum((1 + -(-wide * bits // 8)) * high for wide, high in sides if wide > 0 and high > 0)


def _is_sound(name: bytes, payload: bytes) -> bool:
    """Returns whether a chunk that a picture can be shown without is as its format demands."""
    if name == b"eXIf":
        return payload.startswith((*_TIFF, _EXIF))
    if name == b"iCCP":
        return _has_profile(payload)
    return len(payload) == _PNG_LENGTHS.get(name, len(payload))


def _has_profile(payload: bytes) -> bool:
    _, _, rest = payload.partition(b"\0")
    reader = zlib.decompressobj()
    try:
        return rest[:1] == b"\0" and len(reader.decompress(rest[1:], MAX_PROFILE)) > 0 and reader.eof
    except zlib.error:
        return False


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG_SIGNATURE)
    found: set[bytes] = set()
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        payload = content[at + 8 : at + 8 + length]
        if len(payload) != length:
            raise DamagedError("a chunk is cut off")
        if name == b"IEND":
            return
        if (name in _PNG_REPEATED or name not in found) and _is_sound(name, payload):
            yield name, payload
        found.add(name)
        at += 12 + length


def _png_chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def _without_rest(parts: list[bytes], expected: int) -> list[bytes]:
    """Returns the compressed data up to its end: what an editor left behind it, of an earlier picture, is cut.

    Raises DamagedError if it has less than `expected`, inflated.
    """
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
    if size < expected:
        raise DamagedError("it has less data than pixels")
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


def _as_it_is(content: bytes) -> bytes:
    return content


_LEGIBLE: dict[str, Callable[[bytes], bytes]] = {"JPEG": _legible_jpeg, "PNG": _legible_png, "WEBP": _as_it_is}
_BARE: dict[str, Callable[[bytes], bytes]] = {"JPEG": _bare_jpeg, "PNG": _bare_png, "WEBP": _bare_webp}
