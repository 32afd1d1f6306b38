"""The size of a picture, and what it looks like. Pure: processes that read pictures import it, and start quickly."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """The size of a picture in pixels, and what it looks like; None for what was stored without that."""

    width: int
    height: int
    likeness: bytes | None = None
    evenness: int | None = None


def differing_bits(one: bytes, other: bytes) -> int:
    """Returns in how many of their bits two likenesses differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()
