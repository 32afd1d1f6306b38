"""Decompresses a body in bounded memory and time."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import brotli

MAX_CODINGS: Final = 3
"""How often a body may be compressed over."""
_PIECE: Final = 4096


class UnknownCodingError(Exception):
    """A body has a content coding that is not read."""


class InflatedTooLargeError(Exception):
    """A body is larger than the limit once it is decompressed."""


class CutShortError(Exception):
    """A compressed body ends before its end, or is damaged."""


def inflate(body: bytes, codings: Iterable[str], limit: int) -> bytes:
    """Returns `body` without its content codings, which are in the order in which they were applied.

    Holds at most `limit` bytes and one piece of the result. Raises UnknownCodingError, InflatedTooLargeError and
    CutShortError.
    """
    applied = [coding for coding in codings if coding not in ("", "identity")]
    if len(applied) > MAX_CODINGS or any(coding not in _READERS for coding in applied):
        raise UnknownCodingError
    for coding in reversed(applied):
        if body:
            body = _collected(_READERS[coding](body, limit + 1), limit)
    return body


def _collected(pieces: Iterator[bytes], limit: int) -> bytes:
    inflated = bytearray()
    try:
        for piece in pieces:
            inflated += piece
            if len(inflated) > limit:
                raise InflatedTooLargeError
    except (zlib.error, brotli.error) as error:
        raise CutShortError(str(error)) from None
    return bytes(inflated)


def _gunzip(body: bytes, most: int) -> Iterator[bytes]:
    """Yields the content of each member; what follows the members is ignored, as browsers do."""
    reader, is_within, members = zlib.decompressobj(wbits=31), False, 0
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        while piece:
            try:
                yield reader.decompress(piece, most)
            except zlib.error:
                if members and not is_within:
                    return
                raise
            is_within, piece = True, reader.unconsumed_tail
            if reader.eof:
                piece, is_within, members = reader.unused_data, False, members + 1
                reader = zlib.decompressobj(wbits=31)
    if is_within:
        raise CutShortError("the gzip stream has no end")


def _undeflate(body: bytes, most: int) -> Iterator[bytes]:
    """Yields the content of a zlib stream or, as some servers send it, of a bare deflate stream."""
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    reader = zlib.decompressobj(wbits=15 if has_header else -15)
    yield reader.decompress(body, most)
    if not reader.eof and not reader.unconsumed_tail:
        raise CutShortError("the deflate stream has no end")


def _unbrotli(body: bytes, most: int) -> Iterator[bytes]:
    reader = brotli.Decompressor()
    piece = reader.process(body, output_buffer_limit=_PIECE)
    yield piece
    while not reader.is_finished() and (piece or not reader.can_accept_more_data()):
        piece = reader.process(b"", output_buffer_limit=most)
        yield piece
    if not reader.is_finished():
        raise CutShortError("the Brotli stream has no end")


_READERS: Final[dict[str, Callable[[bytes, int], Iterator[bytes]]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
}
