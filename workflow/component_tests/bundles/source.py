"""The text of a bundle: its bytes as UTF-8, and the lines and columns in them."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from workflow.component_tests.bundles.report import MAX_EXCERPT, MAX_PLACES, Construct, Place

_BOM: Final = b"\xef\xbb\xbf"
LINE_END: Final = re.compile(rb"\r\n|\n|\r|\xe2\x80\xa8|\xe2\x80\xa9")
"""What ends a line of a script."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_MAX_COLUMN_BYTES: Final = 4 * MAX_EXCERPT


class Source:
    """The text of a bundle without a byte order mark. What is no UTF-8 is replaced, and `is_utf8` is False."""

    def __init__(self, content: bytes) -> None:
        content = content.removeprefix(_BOM)
        try:
            content.decode()
            self.is_utf8 = True
        except UnicodeDecodeError:
            content = content.decode("utf-8", "replace").encode()
            self.is_utf8 = False
        self.content = content
        self._starts = [0, *(match.end() for match in LINE_END.finditer(content))]

    def place(self, byte: int) -> Place:
        """Returns the place of a byte, with the line around it, bounded and printable."""
        line = bisect_right(self._starts, byte) - 1
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.content)
        column = len(self.content[start:byte].decode("utf-8", "replace"))
        first = max(start, byte - _MAX_COLUMN_BYTES // 4)
        text = self.content[first : min(end, first + _MAX_COLUMN_BYTES)].decode("utf-8", "ignore")
        return Place(line + 1, column + 1, _UNPRINTABLE.sub(" ", text)[:MAX_EXCERPT].strip())

    def construct(self, code: str, bytes_: Sequence[int]) -> Construct:
        """Returns what is found at these bytes, of which only the first are shown."""
        distinct = sorted(set(bytes_))
        return Construct(code, tuple(map(self.place, distinct[:MAX_PLACES])), len(distinct))
