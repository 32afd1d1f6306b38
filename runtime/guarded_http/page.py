"""The result of a fetch."""

import codecs
import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

# Python also has text codecs that no page is written in, and some of them take quadratic time.
_CHARSETS_OF_PAGES: Final = re.compile(
    r"ascii|utf-(8|16|32)(-sig|-le|-be)?|iso8859-\d+|cp\d+|koi8-[ru]|gb\w+|big5\w*|euc_\w+|iso2022_\w+|shift_\w+"
)


@dataclass(frozen=True, slots=True)
class Page:
    """The final answer, whatever its status: a 404 is a page too.

    `url` is where the page was found; `redirects` are the URLs that led there, beginning with the requested one.
    `content_type` is the header as sent, or empty. `body` is complete.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    redirects: tuple[str, ...]

    @property
    def text(self) -> str:
        """The body decoded by its declared charset, or by UTF-8; undecodable bytes become U+FFFD."""
        return self.body.decode(self._codec(), errors="replace")

    def _codec(self) -> str:
        header = Message()
        header["Content-Type"] = self.content_type
        try:
            codec = codecs.lookup(header.get_content_charset() or "utf-8").name
        except (LookupError, ValueError):
            return "utf-8"
        return codec if _CHARSETS_OF_PAGES.fullmatch(codec) else "utf-8"
